"""Makes pods from templates, slowly at first, and tells about it as `controller.RealPodControl` does."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from trunkline.rehearsal.controllers.means import Means
from trunkline.rehearsal.controllers.reading import mapping, texts
from trunkline.rehearsal.controllers.selecting import matches, selector_of
from trunkline.rehearsal.errors import ApiError
from trunkline.rehearsal.objects import Object, at, controller_reference, copy_of, name_of, namespace_of

_BURST = 500
# A generated name keeps room for its five random letters.
_LONGEST_BASE = 63 - 5 - 1


def pod_from(template: Any, owner: Object, *, name: str = "") -> Object:
    """A pod of an owner as its template says; without a name it gets one that begins with its owner's."""
    meta: dict[str, Any] = {"namespace": namespace_of(owner)}
    for key in ("labels", "annotations"):
        if mapping(template, "metadata", key):
            meta[key] = copy_of(mapping(template, "metadata", key))
    if texts(template, "metadata", "finalizers"):
        meta["finalizers"] = texts(template, "metadata", "finalizers")
    if name:
        meta["name"] = name
    else:
        meta["generateName"] = f"{name_of(owner)[:_LONGEST_BASE]}-"
    meta["ownerReferences"] = [controller_reference(owner)]
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": meta,
        "spec": copy_of(mapping(template, "spec")),
    }


class PodMaker:
    """Creates and deletes the pods of owners, with events in the name of one controller."""

    def __init__(self, means: Means, component: str) -> None:
        self._means, self._component = means, component
        self._pods = means.kind("", "Pod")

    def create(self, owner: Object, pod: Object) -> Object:
        """Create a pod.

        Raises:
            ApiError: it is refused; that has been told, unless its namespace ends.
        """
        try:
            made = self._means.create(self._pods, pod)
        except ApiError as error:
            if not of_ending_namespace(error):
                self._say(owner, "Warning", "FailedCreate", f"Error creating: {error.message}")
            raise
        self._say(owner, "Normal", "SuccessfulCreate", f"Created pod: {name_of(made)}")
        return made

    def create_many(
        self, owner: Object, count: int, make: Callable[[int], Object]
    ) -> tuple[list[Object], ApiError | None]:
        """Create pods in batches of 1, 2, 4 and so on, and none after a batch of which one was refused.

        Returns:
            The pods, and the first refusal.
        """
        made: list[Object] = []
        refused: ApiError | None = None
        done, batch = 0, 1
        count = min(count, _BURST)
        while done < count and refused is None:
            for number in range(done, min(count, done + batch)):
                try:
                    made.append(self.create(owner, make(number)))
                except ApiError as error:
                    refused = refused or error
            done, batch = done + batch, batch * 2
        return made, refused

    def delete(self, owner: Object, pod: Object) -> None:
        """Delete a pod.

        Raises:
            ApiError: it is refused; that has been told.
        """
        try:
            if not self._means.delete(self._pods, pod):
                return
        except ApiError as error:
            self._say(owner, "Warning", "FailedDelete", f"Error deleting: {error.message}")
            raise
        self._say(owner, "Normal", "SuccessfulDelete", f"Deleted pod: {name_of(pod)}")

    def _say(self, owner: Object, type_: Any, reason: str, message: str) -> None:
        self._means.say(owner, type_, reason, message, self._component)


def fits_its_selector(owner: Object) -> bool:
    """Whether an owner's selector selects the pods of its template: else it would make pods for ever."""
    return matches(selector_of(owner), mapping(owner, "spec", "template", "metadata", "labels"))


def of_ending_namespace(error: ApiError) -> bool:
    """Whether something is refused since its namespace ends: no failure, but the end of all work there."""
    causes = error.details.get("causes") or []
    return any(at(cause, "reason") == "NamespaceTerminating" for cause in causes) or (
        error.code == 403 and "because it is being terminated" in error.message  # noqa: PLR2004 - an HTTP status
    )
