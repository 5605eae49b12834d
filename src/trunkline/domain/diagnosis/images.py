"""Why an image does not come: the words of kubelets, runtimes and registries, sorted into causes."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from trunkline.dataclass import dataclass
from trunkline.domain.diagnosis.look import Finding, Said, finding
from trunkline.domain.rollouts.causes import PULL_GRACE_S, PULL_PATIENCE_S, Cause
from trunkline.domain.rollouts.shapes import text
from trunkline.domain.rollouts.words import KubernetesObject, Resource
from trunkline.expressions import expression

_PULLING = {
    "ErrImagePull", "ImagePullBackOff", "RegistryUnavailable", "ImageInspectError", "SignatureValidationFailed",
}  # fmt: skip
_TRIES = 2


@dataclass(frozen=True, slots=True)
class _Words:
    """What a registry's refusal looks like, and what it means."""

    pattern: re.Pattern[str]
    cause: Cause
    sentence: str
    advice: str = ""
    certain: bool = True


def _words(pattern: str, cause: Cause, sentence: str, advice: str = "", *, certain: bool = True) -> _Words:
    return _Words(expression(pattern, re.IGNORECASE), cause, sentence, advice, certain)


# The first that matches speaks. Docker Hub says "denied" of a repository that may not exist either.
_TABLE = (
    _words(
        r"no match(ing manifest)? for (the )?(platform|linux/|windows/)|no matching manifest",
        Cause.EXEC_FORMAT,
        "image {image} has no variant for the node's architecture",
        "Build the image for the nodes' architecture (`--platform`).",
    ),
    _words(
        r"pull access denied|insufficient_scope|unauthori[sz]ed|\bdenied\b|forbidden|authentication required"
        r"|no basic auth|\b40[13]\b|authorization failed|failed to authorize",
        Cause.IMAGE_DENIED,
        "the registry refuses to hand out image {image} to the cluster",
    ),
    _words(
        r"not found|manifest unknown|name unknown|no such image|\b404\b|does not exist",
        Cause.IMAGE_NOT_FOUND,
        "image {image} does not exist in the registry",
    ),
    _words(
        r"connection refused|no such host|no route to host|network is unreachable|time(d )?-?out|deadline exceeded"
        r"|x509|certificate|tls:|\b50\d\b|\b429\b|too ?many ?requests|connection reset|server misbehaving|\bEOF\b"
        r"|name resolution|HTTP response to HTTPS client|lookup .* on |failed to do request|service unavailable"
        r"|bad gateway|internal server error",
        Cause.REGISTRY_UNREACHABLE,
        "the registry of image {image} cannot be reached from the node: {why}",
        certain=False,
    ),
)
_UNKNOWN = _words("", Cause.IMAGE_PULL, "image {image} cannot be pulled", certain=False)


def pull_findings(
    resource: Resource, pod: KubernetesObject, status: KubernetesObject, said: Sequence[Said]
) -> Iterator[Finding]:
    """What a container's status says of its image. `said`: the events of its pod."""
    reason, message = text(status, "state", "waiting", "reason"), text(status, "state", "waiting", "message")
    name, image = text(status, "name") or "?", text(status, "image") or "?"
    where = text(pod, "metadata", "name")
    if reason == "InvalidImageName":
        sentence = f"container {name} of {resource} has an invalid image name {image}"
        yield finding(Cause.IMAGE_NAME, resource, sentence, (message,), pod=where)
    elif reason == "ErrImageNeverPull":
        sentence = f"image {image} is not on the node, and may not be pulled"
        advice = "Let the values pull it (imagePullPolicy: IfNotPresent), or load it onto the nodes."
        yield finding(Cause.IMAGE_PULL, resource, sentence, (message,), advice=advice, pod=where)
    elif reason in _PULLING:
        pulls = [event for event in said if _is_pull(event, image)]
        # The back-off hides the registry's words, which the events still hold.
        newest = pulls[-1].message if pulls else ""
        yield _pull(resource, where, image, (message, newest), sum(event.count for event in pulls))


def _pull(resource: Resource, pod: str, image: str, spoken: tuple[str, str], tries: int) -> Finding:
    told = [_without_image(words, image) for words in spoken]
    rule = next((rule for rule in _TABLE if any(map(rule.pattern.search, told))), _UNKNOWN)
    patience = PULL_GRACE_S if tries >= _TRIES else PULL_PATIENCE_S
    why = next((_last_words(words) for words in told if rule.pattern.search(words)), "")
    return finding(
        rule.cause,
        resource,
        rule.sentence.format(image=image, why=why),
        # The event repeats the state's message with a prefix.
        spoken[:1] if spoken[0] and spoken[0] in spoken[1] else spoken,
        advice=rule.advice,
        pod=pod,
        grace_s=0 if rule.certain else patience,
    )


def _is_pull(event: Said, image: str) -> bool:
    return event.reason in {"Failed", "FailedPull"} and image in event.message


def _without_image(words: str, image: str) -> str:
    """The words without the image's own name: a service may well be called `denied-404`."""
    repository = re.split(r"[@]|:(?!.*/)", image, maxsplit=1)[0]
    path = repository.partition("/")[2]
    for name in (image, repository, path):
        if len(name) > 1:
            words = words.replace(name, "…")
    return words


def _last_words(words: str) -> str:
    """The end of a chain of errors, which is where the reason is."""
    parts = [part.strip() for part in re.split(r": (?=[a-zA-Z])", words) if part.strip()]
    return ": ".join(parts[-2:])[:160] if parts else ""
