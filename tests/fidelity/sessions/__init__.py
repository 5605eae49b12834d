"""All sessions; each is played in a namespace of its own, so any may run beside any other."""

from tests.fidelity.sessions import controlling, helming, kubectling, requesting

SESSIONS = (*helming.SESSIONS, *controlling.SESSIONS, *kubectling.SESSIONS, *requesting.SESSIONS)
