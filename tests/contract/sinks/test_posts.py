"""Webhooks are verified by the standard's own library; chat rooms and mailboxes hear through Apprise."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from standardwebhooks import Webhook as Verifier
from standardwebhooks import WebhookVerificationError

from tests.fakes.telling import Bench, an_attempt, began, ended, send
from tests.standins.receiver import Receiver
from trunkline.adapters.clock import SystemClock
from trunkline.adapters.http import HttpClient
from trunkline.adapters.sinks.notify import Notify
from trunkline.adapters.sinks.webhook import Webhook
from trunkline.config.sinks import NotifySettings, WebhookSettings
from trunkline.domain.attempts import Outcome, Stage
from trunkline.domain.redaction import Redactor

SECRET = "whsec_" + base64.b64encode(b"a secret of 24 bytes...").decode()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver() as server:
        yield server


def a_webhook(receiver: Receiver, secret: str = SECRET) -> Webhook:
    return Webhook(WebhookSettings(f"{receiver.url}/hook", secret), HttpClient(), SystemClock(), Redactor())


def test_a_webhook_is_verified_by_the_standards_library(receiver: Receiver) -> None:
    """Every attempt is posted; the library takes the signature, and refuses it for another body."""
    one = an_attempt()
    send(a_webhook(receiver), [began(one), ended(one, Outcome.FAILED, "Pod shop-1 crashes on start.")])
    told: list[dict[str, Any]] = [Verifier(SECRET).verify(body, headers) for headers, body in receiver.posts]
    assert [item["type"] for item in told] == ["deploy.started", "deploy.failed"]
    assert told[1]["data"]["ending"]["reason"] == "Pod shop-1 crashes on start."
    assert told[1]["data"]["attempt"]["commit"] == one.commit
    assert told[1]["data"]["run"]["id"] == "run-1"
    headers, body = receiver.posts[0]
    with pytest.raises(WebhookVerificationError):
        Verifier(SECRET).verify(body.replace(b"shop", b"shot"), headers)


def test_a_webhook_tried_again_has_the_same_id(receiver: Receiver) -> None:
    """A receiver that failed knows the second try by its id."""
    receiver.answers = [503]
    bench = Bench(a_webhook(receiver))
    bench.tell(ended(an_attempt()))
    bench.close()
    assert len({headers["webhook-id"] for headers, _ in receiver.posts}) == 1
    assert (len(receiver.posts), bench.left()) == (2, (0, 0))


def test_a_webhook_without_a_secret(receiver: Receiver) -> None:
    """Without a secret there is no signature, rather than a worthless one."""
    send(a_webhook(receiver, ""), [ended(an_attempt())])
    assert "webhook-signature" not in receiver.posts[0][0]


def a_room(receiver: Receiver, **settings: Any) -> Notify:
    url = receiver.url.replace("http://", "json://")
    return Notify(f"{url}/token-in-the-path", NotifySettings(**settings), SystemClock(), Redactor())


def test_people_hear(receiver: Receiver) -> None:
    """A room gets title, text and kind of what failed and of what was deployed; not of builds, and not of beginnings."""
    one = an_attempt()
    build = an_attempt(Stage.BUILD, id="b1")
    parcels = [
        began(build),
        ended(build),
        began(one),
        ended(one),
        ended(replace(one, id="a2"), Outcome.FAILED, "Why."),
    ]
    send(a_room(receiver), parcels)
    told = [json.loads(body) for _, body in receiver.posts]
    assert [(item["title"][-9:], item["type"]) for item in told] == [
        ("(Success)", "success"),
        ("(Failure)", "failure"),
    ]
    assert "Why." in told[1]["message"]


@pytest.mark.parametrize(
    ("settings", "heard"),
    [
        ({"about": "failures"}, ["(Failure)"]),
        ({"about": "everything"}, ["g: (Info)", "(Success)", "(Failure)"]),
        ({"about": "everything", "environments": ("dev",)}, []),
        ({"about": "failures", "environments": ("prod",)}, ["(Failure)"]),
    ],
    ids=["failures", "everything", "elsewhere", "here"],
)
def test_people_hear_what_they_want(receiver: Receiver, settings: dict[str, Any], heard: list[str]) -> None:
    """What a room hears of can be chosen, by kind and by environment."""
    one = an_attempt()
    send(a_room(receiver, **settings), [began(one), ended(one), ended(replace(one, id="a2"), Outcome.FAILED)])
    titles = [json.loads(body)["title"] for _, body in receiver.posts]
    assert len(titles) == len(heard)
    assert all(title.endswith(end[-6:]) for title, end in zip(titles, heard, strict=True))


def test_a_room_in_trouble(receiver: Receiver) -> None:
    """One room that does not answer keeps no other from hearing, and hears later; its token is nowhere told."""
    receiver.answers = [500] * 10
    with Receiver() as other:
        bench = Bench(a_room(receiver), a_room(other))
        bench.tell(ended(an_attempt()))
        bench.close(1.0)
        assert len(other.posts) == 1
        receiver.answers = []
        assert sum(report.delivered for report in bench.flush()) == 1
    assert "token" not in bench.warnings[0]
    assert bench.left() == (0, 0)


def test_an_address_that_is_none() -> None:
    """An address that Apprise does not know is told of, and nothing is lost."""
    bench = Bench(Notify("nope://token-in-the-path", NotifySettings(), SystemClock(), Redactor()))
    bench.tell(ended(an_attempt()))
    bench.close()
    assert "check TRUNKLINE_NOTIFY_URLS" in bench.warnings[0]
    assert bench.left() == (1, 0)


def test_news_of_yesterday(receiver: Receiver) -> None:
    """Nobody is told of what is long over; it is listed as undeliverable."""
    old = ended(an_attempt(started_at=datetime.now(UTC) - timedelta(hours=3)))
    bench = Bench(a_room(receiver))
    bench.write(old)
    bench.flush()
    assert (receiver.posts, bench.left()) == ([], (0, 1))
