"""What the builders run: arguments, environment, credential files, and what they make of failures."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.fakes.processes import Answer, FakeProcesses
from trunkline.adapters.builders import BuildahBuilder, DockerBuilder, PodmanBuilder
from trunkline.adapters.builders.containers import is_confined
from trunkline.config.project import ImageSettings
from trunkline.domain.images import ImageReference, parse_image
from trunkline.errors import DeploymentFailed, Refused, Unreachable, UsageError
from trunkline.ports import Command, ImageBuilder

IMAGE = parse_image("quay.io/acme/api:abc1234")
LOCAL = parse_image("127.0.0.1:5000/acme/api:abc1234")
DIGEST = "sha256:" + "ab" * 32
PASSWORD = "p4ss-word!"
TOKEN = "t0ken-for-pip"


def logged_in(image: ImageReference = IMAGE) -> ImageSettings:
    return ImageSettings(image, username="acme+ci", password=PASSWORD)


class Bench:
    """One builder over pretended programs, in a project of its own; `files` is what each command could read."""

    def __init__(self, name: str, root: Path, *, confined: bool = False) -> None:
        self.name, self.root = name, root
        self.answers: dict[str, list[Answer]] = {}
        self.files: list[dict[str, str]] = []
        self.pauses: list[float] = []
        self.processes = FakeProcesses(self._answer, name)
        self.lines: list[str] = []
        (root / "Dockerfile").write_text("FROM docker.io/library/python:3.12\n")
        self._confined = confined

    def builder(self, environ: Mapping[str, str] | None = None) -> ImageBuilder:
        environ = environ or {}
        if self.name == "docker":
            return DockerBuilder(self.processes, environ, self.root, self.pauses.append)
        kind = PodmanBuilder if self.name == "podman" else BuildahBuilder
        return kind(self.processes, environ, self.root, self.pauses.append, confined=self._confined)

    def build(self, settings: ImageSettings, environ: Mapping[str, str] | None = None) -> Command:
        labels = {"org.opencontainers.image.revision": "abc"}
        self.builder(environ).build(
            settings.repository or IMAGE, settings, self.root, labels, self.lines.append
        )
        return self.processes.commands[-1]

    def push(self, settings: ImageSettings, environ: Mapping[str, str] | None = None) -> str:
        return self.builder(environ).push(settings.repository or IMAGE, settings, self.lines.append)

    def _answer(self, command: Command) -> Answer:
        self.files.append({str(path): path.read_text() for path in credentials_of(command)})
        verb = command.argv[1]
        if self.answers.get(verb):
            return self.answers[verb].pop(0)
        if "push" in command.argv and "--digestfile" in command.argv:
            Path(after(command, "--digestfile")).write_text(DIGEST)
        return (0, f"abc1234: digest: {DIGEST} size: 528\n" if verb == "push" else "done\n", "")


def after(command: Command, option: str) -> str:
    return command.argv[command.argv.index(option) + 1]


def credentials_of(command: Command) -> list[Path]:
    if "--authfile" in command.argv:
        return [Path(after(command, "--authfile"))]
    directory = command.environment.get("DOCKER_CONFIG")
    return [Path(directory) / "config.json"] if directory else []


@pytest.fixture(params=["docker", "podman", "buildah"])
def bench(request: pytest.FixtureRequest, tmp_path: Path) -> Bench:
    return Bench(request.param, tmp_path)


def test_a_build_says_all_that_was_configured(bench: Bench) -> None:
    """File, tag, labels, target and context are arguments; the tag is the whole reference and never `latest`."""
    (bench.root / "service").mkdir()
    (bench.root / "service" / "Containerfile").write_text("FROM scratch\n")
    settings = ImageSettings(IMAGE, dockerfile="service/Containerfile", context="service", target="runtime")
    command = bench.build(settings)
    assert command.argv[:2] == (bench.name, "build")
    assert after(command, "--file") == str(bench.root / "service" / "Containerfile")
    assert after(command, "--tag") == "quay.io/acme/api:abc1234"
    assert after(command, "--label") == "org.opencontainers.image.revision=abc"
    assert after(command, "--target") == "runtime"
    assert command.argv[-1] == str(bench.root / "service")
    assert not any("latest" in word for word in command.argv)


def test_a_dockerfile_may_lie_in_its_context(bench: Bench) -> None:
    """A build file that is not below the root is found in the context."""
    (bench.root / "Dockerfile").rename(bench.root / "moved")
    (bench.root / "service").mkdir()
    (bench.root / "service" / "Dockerfile").write_text("FROM scratch\n")
    command = bench.build(ImageSettings(IMAGE, context="service"))
    assert after(command, "--file") == str(bench.root / "service" / "Dockerfile")


def test_values_of_build_arguments_stay_out_of_argv(bench: Bench) -> None:
    """Only the name is an argument; the value, often a token, travels in the child's environment."""
    command = bench.build(ImageSettings(IMAGE, build_args={"PIP_TOKEN": TOKEN}))
    assert after(command, "--build-arg") == "PIP_TOKEN"
    assert command.environment["PIP_TOKEN"] == TOKEN
    assert not any(TOKEN in word for word in command.argv)


@pytest.mark.parametrize(
    "name", ["PATH", "HOME", "DOCKER_HOST", "LD_PRELOAD", "BUILDAH_ISOLATION", "XDG_RUNTIME_DIR"]
)
def test_a_build_argument_never_changes_the_builder(bench: Bench, name: str) -> None:
    """A build argument whose name means something to the builder itself is refused."""
    with pytest.raises(UsageError, match=f"The build argument {name} would change the builder"):
        bench.build(ImageSettings(IMAGE, build_args={name: "x"}))
    assert bench.processes.commands == []


def test_the_password_goes_by_standard_input(bench: Bench) -> None:
    """Build and push log in first; the password is on stdin and in no argument or environment."""
    settings = logged_in()
    bench.build(settings)
    assert bench.push(settings) == DIGEST
    verbs = [command.argv[1] for command in bench.processes.commands]
    assert verbs == ["login", "build", "login", "push"]
    for command in bench.processes.commands:
        assert not any(PASSWORD in word for word in command.argv)
        assert PASSWORD not in str(command.environment)
        if command.argv[1] == "login":
            assert "--password-stdin" in command.argv
            assert after(command, "--username") == "acme+ci"
            assert command.stdin == PASSWORD


def test_a_login_is_private_and_gone_afterwards(bench: Bench) -> None:
    """The login's file is another one than the user's, which keeps its content, and is deleted."""
    kept = json.dumps({"auths": {"ghcr.io": {"auth": "bWU6cHc="}}, "currentContext": "remote"})
    (bench.root / ".docker").mkdir()
    (bench.root / ".docker" / "config.json").write_text(kept)
    (bench.root / ".docker" / "contexts").mkdir()
    bench.push(logged_in())
    login, push = bench.processes.commands
    (private,) = credentials_of(login)
    assert credentials_of(push) == [private]
    assert not private.exists()
    assert not private.parent.exists()
    assert (bench.root / ".docker" / "config.json").read_text() == kept
    assert (bench.root / ".docker" / "contexts").is_dir()
    content = json.loads(bench.files[0][str(private)])
    assert content["auths"] == {"ghcr.io": {"auth": "bWU6cHc="}}
    if bench.name == "docker":
        assert content["currentContext"] == "remote"
        assert content["credHelpers"] == {"quay.io": ""}


def test_without_a_login_the_users_own_is_relied_on(bench: Bench) -> None:
    """Without a user name nobody logs in, and the tools look where they always look."""
    settings = ImageSettings(IMAGE)
    bench.build(settings)
    bench.push(settings)
    assert [command.argv[1] for command in bench.processes.commands] == ["build", "push"]
    assert bench.files == [{}, {}]


def test_a_failed_build_shows_its_last_lines(bench: Bench) -> None:
    """The error holds the last twenty lines, the whole output went to the listener."""
    output = "".join(f"step {number}\n" for number in range(30)) + "pip: no such package\n"
    bench.answers["build"] = [(1, output, "")]
    with pytest.raises(DeploymentFailed) as caught:
        bench.build(ImageSettings(IMAGE))
    assert "could not build quay.io/acme/api:abc1234" in caught.value.message
    assert "step 11\n" in caught.value.message
    assert "step 10\n" not in caught.value.message
    assert caught.value.message.endswith("pip: no such package")
    assert bench.lines == output.splitlines()


@pytest.mark.parametrize(
    "said",
    [
        "Error response from daemon: Get https://quay.io/v2/: unauthorized: Could not find robot",
        'Error: logging into "quay.io": invalid username/password',
    ],
)
def test_a_refused_login_says_what_to_check(bench: Bench, said: str) -> None:
    """A wrong password is told before anything is built, with the variables that hold it."""
    bench.answers["login"] = [(1, "", said + "\n")]
    with pytest.raises(Refused, match=r"quay\.io refuses the login of acme\+ci") as caught:
        bench.build(logged_in())
    assert "QUAY_USERNAME and QUAY_PASSWORD" in caught.value.hint
    assert [command.argv[1] for command in bench.processes.commands] == ["login"]
    assert bench.pauses == []


@pytest.mark.parametrize(
    "said",
    [
        "unauthorized: access to the requested resource is not authorized",
        "denied: requested access to the resource is denied",
        "no basic auth credentials",
    ],
)
def test_a_denied_push_says_what_to_do(bench: Bench, said: str) -> None:
    """A push that is not allowed is not tried again; the hint names the variables, or the login command."""
    hints = []
    for settings in (logged_in(), ImageSettings(IMAGE)):
        bench.answers["push"] = [(1, "", said + "\n")]
        with pytest.raises(Refused, match=r"quay\.io refuses the push") as caught:
            bench.push(settings)
        hints.append(caught.value.hint)
    assert all("QUAY_USERNAME and QUAY_PASSWORD" in hint for hint in hints)
    assert f"{bench.name} login quay.io" in hints[1]
    assert bench.pauses == []


@pytest.mark.parametrize(
    "said",
    [
        "received unexpected HTTP status: 503 Service Unavailable",
        "write tcp 10.0.0.1:1->10.0.0.2:443: write: connection reset by peer",
        "toomanyrequests: slow down",
        "net/http: TLS handshake timeout",
    ],
)
def test_a_push_survives_two_stumbles(bench: Bench, said: str) -> None:
    """What passes is tried again, twice, with growing pauses, and said aloud."""
    bench.answers["push"] = [(1, "", said + "\n")] * 2
    assert bench.push(ImageSettings(IMAGE)) == DIGEST
    first, second = bench.pauses
    # Scattered, so that jobs that stumbled together do not come back together.
    assert 0.7 <= first <= 1.3
    assert 2.1 <= second <= 3.9
    assert any(f"trying again in {first:.1f} s" in line for line in bench.lines)


def test_an_image_that_the_registry_does_not_take(bench: Bench) -> None:
    """An answer that will be the same tomorrow sends nobody to look at the network."""
    bench.answers["push"] = [(1, "", "manifest invalid: manifest invalid\n")]
    with pytest.raises(Unreachable, match="manifest invalid") as caught:
        bench.push(ImageSettings(IMAGE))
    assert "does not take the image" in caught.value.hint
    assert bench.pauses == []


def test_a_push_gives_up_after_three_tries(bench: Bench) -> None:
    """The third failure is the answer, in the tool's own words."""
    bench.answers["push"] = [(1, "", "received unexpected HTTP status: 502 Bad Gateway\n")] * 3
    with pytest.raises(Unreachable, match=r"could not push .* 502 Bad Gateway"):
        bench.push(ImageSettings(IMAGE))
    assert bench.answers["push"] == []


def test_a_tool_that_tried_again_itself_is_not_tried_again(bench: Bench) -> None:
    """Podman and Buildah bring three tries of their own; ours would only multiply their waiting."""
    said = (
        'level=warning msg="Failed, retrying in 2s ... (3/3)"\nError: dial tcp: connect: connection refused\n'
    )
    bench.answers["push"] = [(125, "", said)]
    with pytest.raises(Unreachable, match="connection refused"):
        bench.push(ImageSettings(IMAGE))
    assert bench.pauses == []


def test_a_push_that_hangs_is_ended(bench: Bench) -> None:
    """Every command that talks to a registry has a time limit, and passing it is exit code 7."""
    bench.answers["push"] = [TimeoutError("too slow")]
    with pytest.raises(Unreachable, match=r"quay\.io did not finish"):
        bench.push(logged_in())
    assert all(command.timeout_s for command in bench.processes.commands)


def test_a_push_without_a_digest_is_an_error(bench: Bench) -> None:
    """A push whose digest nobody knows cannot be promoted."""
    bench.answers["push"] = [(0, "pushed\n", "")]
    bench.answers["image"] = [(0, "[]\n", "")]
    with pytest.raises(Unreachable, match="does not say its digest"):
        bench.push(ImageSettings(IMAGE))


def test_a_context_outside_of_the_project_is_refused(bench: Bench) -> None:
    """A build takes nothing from outside of the project."""
    with pytest.raises(UsageError, match=r"The build context \.\. is outside"):
        bench.build(ImageSettings(IMAGE, context=".."))


@pytest.mark.parametrize(
    ("settings", "missing"), [({"context": "no"}, "no folder"), ({"dockerfile": "no"}, "no no in")]
)
def test_a_missing_file_is_told_before_anything_runs(
    bench: Bench, settings: dict[str, str], missing: str
) -> None:
    """A build without its file or context is a mistake of use, told without starting anything."""
    with pytest.raises(UsageError, match=missing):
        bench.build(ImageSettings(IMAGE, **settings))  # type: ignore[arg-type]  # both are text
    assert bench.processes.commands == []


def test_an_image_without_tag_is_never_built(bench: Bench) -> None:
    """A reference without a tag is a fault of the caller, not `latest`."""
    with pytest.raises(ValueError, match="has no tag"):
        bench.build(ImageSettings(parse_image("quay.io/acme/api")))


@pytest.mark.parametrize("name", ["podman", "buildah"])
def test_plain_http_is_for_loopback_alone(tmp_path: Path, name: str) -> None:
    """Verification is switched off for registries on this machine and for nobody else."""
    bench = Bench(name, tmp_path)
    for image, expected in ((LOCAL, True), (IMAGE, False)):
        bench.processes.commands.clear()
        bench.push(logged_in(image))
        assert ["--tls-verify=false" in command.argv for command in bench.processes.commands] == [
            expected
        ] * 2
    assert "--tls-verify=false" not in bench.build(ImageSettings(LOCAL)).argv


@pytest.mark.parametrize("name", ["podman", "buildah"])
@pytest.mark.parametrize(
    ("dockerfile", "build_args"),
    [
        ("FROM 127.0.0.1:5000/base/python:3.11\n", {}),
        ("ARG BASE=localhost:5000/base/python:3.11\nFROM $BASE\n", {}),
        ("ARG BASE\nFROM $BASE\n", {"BASE": "127.0.0.1:5000/base/python:3.11"}),
    ],
)
def test_a_base_image_on_loopback_is_pulled(
    tmp_path: Path, name: str, dockerfile: str, build_args: dict[str, str]
) -> None:
    """A build whose base comes from this machine may pull in plain HTTP."""
    bench = Bench(name, tmp_path)
    (tmp_path / "Dockerfile").write_text(dockerfile)
    assert "--tls-verify=false" in bench.build(ImageSettings(IMAGE, build_args=build_args)).argv


@pytest.mark.parametrize("name", ["podman", "buildah"])
def test_a_confined_root_builds_with_chroot(tmp_path: Path, name: str) -> None:
    """Inside of a container `RUN` steps use chroot isolation, unless BUILDAH_ISOLATION says otherwise."""
    confined = Bench(name, tmp_path, confined=True)
    assert after(confined.build(ImageSettings(IMAGE)), "--isolation") == "chroot"
    assert "--isolation" not in confined.build(ImageSettings(IMAGE), {"BUILDAH_ISOLATION": "oci"}).argv
    assert "--isolation" not in Bench(name, tmp_path).build(ImageSettings(IMAGE)).argv


@pytest.mark.parametrize(
    ("effective", "confined"),
    [("000001ffffffffff", False), ("000001fffeffffff", True), ("00000000a80425fb", True)],
)
def test_a_confined_root_is_known_by_its_capabilities(tmp_path: Path, effective: str, confined: bool) -> None:
    """Root without one of the kernel's capabilities is somebody's container."""
    status, last = tmp_path / "status", tmp_path / "cap_last_cap"
    status.write_text(f"Name:\tpython\nCapEff:\t{effective}\nCapBnd:\t{effective}\n")
    last.write_text("40\n")
    assert is_confined(status, last, user=0) is confined
    assert not is_confined(status, last, user=1000)
    assert not is_confined(tmp_path / "none", last, user=0)


class TestDocker:
    """What only Docker does."""

    def digest(self, tmp_path: Path, inspected: str) -> str:
        bench = Bench("docker", tmp_path)
        bench.answers["push"] = [(0, "pushed, by a client of few words\n", "")]
        bench.answers["image"] = [(0, inspected, "")]
        return bench.push(ImageSettings(IMAGE))

    def test_the_engine_is_asked_for_the_digest(self, tmp_path: Path) -> None:
        """A client whose push says no digest is asked what the engine keeps for this repository."""
        others = "quay.io/acme/other@sha256:" + "00" * 32
        assert self.digest(tmp_path, json.dumps([others, f"quay.io/acme/api@{DIGEST}"])) == DIGEST

    @pytest.mark.parametrize("inspected", ["", "null", "[]", "nonsense", '["quay.io/acme/other@sha256:1"]'])
    def test_an_engine_that_knows_no_digest_is_told(self, tmp_path: Path, inspected: str) -> None:
        """Whatever the engine answers, there is a digest or an error."""
        with pytest.raises(Unreachable, match="does not say its digest"):
            self.digest(tmp_path, inspected)

    def test_plugins_and_contexts_stay_within_reach(self, tmp_path: Path) -> None:
        """The private configuration links to the user's plug-ins and contexts."""
        (tmp_path / "mine" / "cli-plugins").mkdir(parents=True)
        seen: list[tuple[Path, int, int]] = []

        def look(command: Command) -> Answer:
            directory = Path(str(command.environment["DOCKER_CONFIG"]))
            theirs, private = directory / "cli-plugins", directory / "config.json"
            seen.append((theirs.resolve(), directory.stat().st_mode & 0o077, private.stat().st_mode & 0o077))
            return (0, f"digest: {DIGEST} size: 1\n", "")

        environ = {"DOCKER_CONFIG": str(tmp_path / "mine")}
        DockerBuilder(FakeProcesses(look, "docker"), environ, tmp_path).push(
            IMAGE, logged_in(), lambda _: None
        )
        assert seen == [((tmp_path / "mine" / "cli-plugins").resolve(), 0, 0)] * 2

    def test_a_broken_configuration_is_named(self, tmp_path: Path) -> None:
        """A configuration that cannot be copied is named, and nothing of it is shown."""
        (tmp_path / ".docker").mkdir()
        (tmp_path / ".docker" / "config.json").write_text("{secret-in-here")
        with pytest.raises(UsageError, match=r"config\.json cannot be read: it is no valid JSON") as caught:
            Bench("docker", tmp_path).push(logged_in())
        assert "secret-in-here" not in caught.value.message

    def test_the_hub_is_logged_in_to_by_its_own_name(self, tmp_path: Path) -> None:
        """Docker Hub's login goes where Docker looks for it."""
        bench = Bench("docker", tmp_path)
        image = parse_image("acme/api:abc1234")
        bench.push(logged_in(image))
        assert bench.processes.commands[0].argv[-1] == "https://index.docker.io/v1/"

    def test_an_engine_that_dies_is_unreachable(self, tmp_path: Path) -> None:
        """A build that ends because the engine is gone is exit code 7 and no failed build."""
        bench = Bench("docker", tmp_path)
        said = "Cannot connect to the Docker daemon at unix:///x. Is the docker daemon running?\n"
        bench.answers["build"] = [(1, "", said)]
        with pytest.raises(Unreachable, match="The Docker engine cannot be used"):
            bench.build(ImageSettings(IMAGE))


RICH = ImageSettings(IMAGE, secrets={"pip": TOKEN}, platforms=("linux/amd64", "linux/arm64"))
CACHED = ImageSettings(IMAGE, cache_from=("quay.io/acme/cache",), cache_to=("quay.io/acme/cache",))


def test_secrets_are_files_for_the_build_alone(bench: Bench) -> None:
    """A secret reaches the build by a private file that is gone afterwards; its value is in no argument or variable."""
    seen: list[tuple[str, int]] = []
    (bench.root / "npmrc").write_text("token")
    answer = bench.processes.script

    def look(command: Command) -> Answer:
        for word in command.argv:
            if word.startswith("id=pip,src="):
                path = Path(word.partition("src=")[2])
                seen.append((path.read_text(), path.stat().st_mode & 0o777))
        return answer(command)

    bench.processes.script = look
    command = bench.build(ImageSettings(IMAGE, secrets={"pip": TOKEN}, secret_files={"npmrc": "npmrc"}))
    assert seen == [(TOKEN, 0o600)]
    assert f"id=npmrc,src={bench.root}/npmrc" in command.argv
    [path] = [word.partition("src=")[2] for word in command.argv if word.startswith("id=pip")]
    assert not Path(path).exists()
    assert TOKEN not in " ".join(command.argv) + str(dict(command.environment))


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (ImageSettings(IMAGE, secrets={"pip": ""}), "The secret pip of the build is empty"),
        (
            ImageSettings(IMAGE, secret_files={"npmrc": "missing"}),
            "There is no file .*missing for the secret npmrc",
        ),
    ],
)
def test_a_secret_that_is_none(bench: Bench, settings: ImageSettings, message: str) -> None:
    """A secret without a value or a file is told before anything is built."""
    with pytest.raises(UsageError, match=message):
        bench.build(settings)
    assert not any("build" in command.argv for command in bench.processes.commands)


def test_several_platforms(bench: Bench) -> None:
    """All platforms are built into one list, which is pushed as a whole, and its digest is the image's."""
    if bench.name == "docker":
        metadata: list[str] = []

        def answer(command: Command) -> Answer:
            if "--metadata-file" in command.argv:
                Path(after(command, "--metadata-file")).write_text(f'{{"containerimage.digest": "{DIGEST}"}}')
                metadata.append(after(command, "--metadata-file"))
            return (0, "", "")

        bench.processes.script = answer
        builder = bench.builder()
        builder.build(IMAGE, RICH, bench.root, {}, bench.lines.append)
        build = bench.processes.commands[-1]
        assert build.argv[:3] == ("docker", "buildx", "build")
        assert "--push" not in build.argv
        assert builder.push(IMAGE, RICH, bench.lines.append) == DIGEST
        assert "--push" in bench.processes.commands[-1].argv
        assert bench.processes.commands[-1].argv[-1] == build.argv[-1]
    else:
        build = bench.build(RICH)
        listed = after(build, "--manifest")
        assert "--tag" not in build.argv
        assert bench.processes.commands[-2].argv == (bench.name, "manifest", "rm", listed)
        bench.push(RICH)
        pushed = bench.processes.commands[-1].argv
        assert pushed[:4] == (bench.name, "manifest", "push", "--all")
        assert pushed[-2:] == (listed, "docker://quay.io/acme/api:abc1234")
    assert after(build, "--platform") == "linux/amd64,linux/arm64"


@pytest.mark.parametrize(
    ("version", "settings", "kit"),
    [
        ("20.10.24", ImageSettings(IMAGE, secrets={"pip": TOKEN}), True),
        ("20.10.24", RICH, False),
        ("28.2.2", ImageSettings(IMAGE, secrets={"pip": TOKEN}), False),
        ("17.12.0", ImageSettings(IMAGE, cache_from=("type=gha",)), False),
    ],
)
def test_docker_without_its_plug_in(tmp_path: Path, version: str, settings: ImageSettings, kit: bool) -> None:
    """Without buildx, a client that has BuildKit inside uses it, and any other says what is missing before it builds."""
    bench = Bench("docker", tmp_path)
    bench.answers = {"buildx": [(1, "", "unknown command")], "version": [(0, f"{version}\n", "")]}
    if kit:
        assert bench.build(settings).environment["DOCKER_BUILDKIT"] == "1"
        return
    with pytest.raises(UsageError, match=r"Docker needs BuildKit for image\.\w+.*buildx is not installed"):
        bench.build(settings)
    assert not any(command.argv[1] == "build" for command in bench.processes.commands)


@pytest.mark.parametrize("name", ["podman", "buildah"])
def test_a_cache_in_buildkit_s_words(tmp_path: Path, name: str) -> None:
    """A cache that only BuildKit understands is refused where another tool builds."""
    with pytest.raises(UsageError, match=rf"{name} knows no cache type=gha"):
        Bench(name, tmp_path).build(ImageSettings(IMAGE, cache_to=("type=gha",)))


def test_caches(bench: Bench) -> None:
    """Both caches are named to the builder, and it is told to use layers where it would pass over them."""
    command = bench.build(CACHED)
    assert (after(command, "--cache-from"), after(command, "--cache-to")) == ("quay.io/acme/cache",) * 2
    assert ("--layers" in command.argv) is (bench.name != "docker")


@pytest.mark.parametrize("name", ["podman", "buildah"])
def test_caches_for_several_platforms(tmp_path: Path, name: str) -> None:
    """Tools that take one platform's layer for another's get no cache for several."""
    settings = ImageSettings(IMAGE, platforms=RICH.platforms, cache_to=("quay.io/acme/cache",))
    with pytest.raises(UsageError, match=f"{name} mixes up the cached layers"):
        Bench(name, tmp_path).build(settings)
