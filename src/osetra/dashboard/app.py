"""App: the routes of the live page.

What is fetched is made of a view of a study by `osetra.views.panels`; what is sent goes through `steering`.
Who may ask at all is decided before, by `guard`.
"""

from __future__ import annotations

import json
import logging
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any

from anyio import to_thread
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from osetra.core.clean import one_line
from osetra.dashboard import analysis, stream
from osetra.dashboard.assets import Assets
from osetra.dashboard.documents import Documents, Make
from osetra.dashboard.follow import View
from osetra.dashboard.guard import Door, RequestGuard
from osetra.dashboard.logs import tail
from osetra.dashboard.news import place_of
from osetra.dashboard.studies import ShownStudy, Studies, UnknownStudy
from osetra.dashboard.wire import on_the_wire
from osetra.errors import OsetraError, SpaceError, StoreAway, StoreError, StudyError
from osetra.views.panels.cockpit import cockpit_panel
from osetra.views.panels.curves import curves_panel
from osetra.views.panels.study import VERBS, study_entry, study_panel, unreadable_entry
from osetra.views.panels.trial import trial_panel
from osetra.views.panels.trials import trials_panel

log = logging.getLogger("osetra")

Handler = Callable[[Request], Awaitable[Response]]
MOST_POINTS = 5000
"""Points of a curve that may be asked for."""
MOST_CURVES = 500
"""Curves that may be asked for by number."""


class Dashboard:
    """The page's routes over the studies of one place.

    Args:
        studies: what is shown.
        door: who may ask.
        assets: the page's own files.
    """

    def __init__(self, studies: Studies, door: Door, assets: Assets) -> None:
        self.studies, self.door, self.assets = studies, door, assets
        self.documents = Documents()
        self._streams = 0

    def app(self) -> RequestGuard:
        """Return the application, guarded."""
        made = Starlette(
            routes=self.routes(),
            middleware=[Middleware(GZipMiddleware, minimum_size=1000, compresslevel=1)],
            lifespan=self._lifespan,
        )
        return RequestGuard(made, self.door)

    def routes(self) -> list[Route]:
        """Return all routes; the tests of the guard go through them."""
        one = "/api/studies/{study}"
        reads: dict[str, Handler] = {
            "/": self._page,
            "/assets/{name:path}": self._asset,
            "/api/studies": self._list,
            "/api/compare": self._compare,
            one: self._study,
            f"{one}/cockpit": self._cockpit,
            f"{one}/trials": self._trials,
            f"{one}/trials/{{trial:int}}": self._trial,
            f"{one}/trials/{{trial:int}}/log": self._log,
            f"{one}/curves": self._curves,
            f"{one}/events": self._events,
            f"{one}/{{panel:str}}": self._analysis,
        }
        writes: dict[str, Handler] = {
            f"{one}/orders": self._writer("order"),
            f"{one}/orders/undo": self._writer("undo"),
            f"{one}/queue": self._writer("enqueue"),
            f"{one}/target": self._writer("aim"),
            f"{one}/space": self._writer("edit"),
        }
        return [
            *(Route(path, _safe(handler), methods=["POST"]) for path, handler in writes.items()),
            *(Route(path, _safe(handler), methods=["GET"]) for path, handler in reads.items()),
        ]

    @asynccontextmanager
    async def _lifespan(self, _: Starlette) -> AsyncIterator[None]:
        yield
        await self.studies.close()

    async def _page(self, _: Request) -> Response:
        return self.assets.page()

    async def _asset(self, request: Request) -> Response:
        return self.assets.answer(request.path_params["name"], request.headers.get("if-none-match", ""))

    async def _list(self, _: Request) -> Response:
        shown = await to_thread.run_sync(self.studies.all)
        lines = [await self._line(each) for each in shown]
        document = {"place": self.studies.title, "read_only": self.door.read_only, "studies": lines}
        return answer(document)

    async def _line(self, shown: ShownStudy) -> Mapping[str, object]:
        view, name = await shown.channel.look(), shown.location.name
        if view is None:
            return unreadable_entry(id=shown.id, name=name, problem=shown.channel.follower.trouble)
        return await to_thread.run_sync(
            lambda: study_entry(view.problem, view.history, id=shown.id, name=name)
        )

    async def _study(self, request: Request) -> Response:
        shown = await self._shown(request)
        verbs = () if self.door.read_only else VERBS
        return await self._made(
            shown,
            ("study",),
            lambda view: {
                **study_panel(view.problem, view.history, id=shown.id, name=shown.location.name, verbs=verbs),
                "place": place_of(view),
                "reference": shown.location.reference,
            },
        )

    async def _cockpit(self, request: Request) -> Response:
        shown = await self._shown(request)
        advice, follower = shown.channel.advice, shown.channel.follower
        return await self._made(
            shown,
            (),
            lambda view: cockpit_panel(
                view.problem,
                view.history,
                time.time(),
                advice=advice.of(view),
                heard=follower.heard,
                reference=shown.location.reference,
            ),
        )

    async def _trials(self, request: Request) -> Response:
        shown = await self._shown(request)
        return await self._made(
            shown,
            ("trials",),
            lambda view: {**trials_panel(view.problem, view.history), "place": place_of(view)},
        )

    async def _trial(self, request: Request) -> Response:
        shown, number = await self._shown(request), request.path_params["trial"]
        return await self._made(
            shown,
            ("trial", str(number)),
            lambda view: trial_panel(
                view.problem,
                view.history,
                number,
                explanation=analysis.explanation(view, number),
                reference=shown.location.reference,
            ),
            exact=True,
        )

    async def _log(self, request: Request) -> Response:
        shown, number = await self._shown(request), request.path_params["trial"]
        return answer(await to_thread.run_sync(tail, shown.location, number))

    async def _curves(self, request: Request) -> Response:
        shown, asked = await self._shown(request), request.query_params
        metric, chosen = asked.get("metric"), asked.get("trials", "auto")
        points = _number("points", asked.get("points", "400"), 2, MOST_POINTS)
        trials = None if chosen == "auto" else _numbers(chosen)
        return await self._made(
            shown,
            ("curves", metric or "", chosen, str(points)),
            lambda view: curves_panel(
                view.problem, view.history, time.time(), metric=metric, trials=trials, points=points
            ),
        )

    async def _analysis(self, request: Request) -> Response:
        shown, name = await self._shown(request), request.path_params["panel"]
        make = analysis.maker(name, dict(request.query_params))
        return await self._made(shown, (name, *sorted(map("=".join, request.query_params.items()))), make)

    async def _compare(self, request: Request) -> Response:
        keys = [key for key in request.query_params.get("studies", "").split(",") if key][:20]
        shown = [await to_thread.run_sync(self.studies.find, key) for key in keys]
        views = [(each, await self._view(each)) for each in shown]
        named = [(each.id, each.location.name, view) for each, view in views]
        return answer(await to_thread.run_sync(analysis.comparison, named))

    async def _events(self, request: Request) -> Response:
        shown = await self._shown(request)
        if self._streams >= stream.MOST:
            return problem(503, f"{stream.MOST} pages are open already; close some")
        last = request.headers.get("last-event-id") or request.query_params.get("after", "")

        async def events() -> AsyncIterator[bytes]:
            self._streams += 1
            try:
                yield b"retry: 1000\n\n"
                async for event in shown.channel.events(last):
                    yield event
            finally:
                self._streams -= 1

        return StreamingResponse(
            events(), media_type="text/event-stream", headers={"x-accel-buffering": "no"}
        )

    def _writer(self, verb: str) -> Handler:
        async def write(request: Request) -> Response:
            shown = await self._shown(request)
            try:
                asked = json.loads(await request.body(), parse_constant=_no_number)
            except (ValueError, RecursionError) as error:
                return problem(400, f"this is no JSON: {error}")
            if not isinstance(asked, dict):
                return problem(400, "a JSON object is needed")
            done = await to_thread.run_sync(getattr(shown.steering, verb), asked)
            await shown.channel.look()
            return answer(done)

        return write

    async def _shown(self, request: Request) -> ShownStudy:
        return await to_thread.run_sync(self.studies.find, request.path_params["study"])

    async def _view(self, shown: ShownStudy) -> View:
        view = await shown.channel.look()
        if view is None:
            raise StoreAway(shown.channel.follower.trouble or "the study cannot be read yet")
        return view

    async def _made(
        self, shown: ShownStudy, key: tuple[str, ...], make: Make, *, exact: bool = False
    ) -> Response:
        """Answer with a document; without a key it is made for every request."""
        view = await self._view(shown)
        if not key:
            return answer(await to_thread.run_sync(make, view))
        name = (shown.id, *key)
        body = await to_thread.run_sync(lambda: self.documents.get(name, view, make, exact=exact))
        return Response(body, media_type="application/json")


def answer(document: Mapping[str, object], status: int = 200) -> Response:
    """Return a document as JSON."""
    return Response(on_the_wire(document), status, media_type="application/json")


def problem(status: int, text: str) -> Response:
    """Return why there is no document, as a sentence."""
    return answer({"error": text}, status)


def _safe(handler: Handler) -> Handler:
    """Turn errors into sentences."""

    async def safe(request: Request) -> Response:
        try:
            return await handler(request)
        except StoreAway as error:
            return problem(503, str(error))
        except SpaceError as error:
            return problem(400, str(error))
        except StudyError as error:
            missing = request.method in ("GET", "HEAD") or isinstance(error, UnknownStudy)
            return problem(404 if missing else 409, str(error))
        except StoreError as error:
            return problem(503, str(error))
        except OsetraError as error:
            return problem(400, str(error))
        except ClientDisconnect:
            return problem(413, "a request is at most a megabyte")
        except Exception as error:
            log.exception("%s %s", request.method, request.url.path)
            text = f"a mistake of the page's own: {type(error).__name__}: {error}"
            return problem(500, f"{one_line(text)[:400]}; where it was started it says more")

    return safe


def _number(name: str, text: str, least: int, most: int) -> int:
    if not text.isdecimal() or not least <= int(text[:20]) <= most:
        raise SpaceError(f"{name}={text[:50]!r}: a whole number from {least} to {most} is needed")
    return int(text)


def _numbers(text: str) -> list[int]:
    return [_number("trials", word, 1, 2**53) for word in text.split(",")[:MOST_CURVES] if word]


def _no_number(name: str) -> Any:
    raise ValueError(f"{name} is no number; write it as a text")
