"""The package's own files, answered before anything else looks at a request; in an event loop or in a thread."""

from collections.abc import Awaitable, Callable

from asgiref.sync import iscoroutinefunction, markcoroutinefunction
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from whitenoise.middleware import WhiteNoiseMiddleware  # type: ignore[import-untyped] # it carries no types
from whitenoise.responders import StaticFile  # type: ignore[import-untyped] # it carries no types


class StaticFilesMiddleware(WhiteNoiseMiddleware):  # type: ignore[misc] # it carries no types
    """WhiteNoise, which alone would make every page under ASGI pass through a thread and warn at every file."""

    sync_capable = async_capable = True

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        super().__init__(get_response)
        if iscoroutinefunction(get_response):
            markcoroutinefunction(self)

    def __call__(self, request: HttpRequest) -> HttpResponseBase | Awaitable[HttpResponseBase]:
        """A file of ours, or whatever comes after."""
        file = self.find_file(request.path_info) if self.autorefresh else self.files.get(request.path_info)
        if file is None:
            answer: HttpResponseBase | Awaitable[HttpResponseBase] = self.get_response(request)
            return answer
        response = self.serve(file, request)
        return _soon(response) if iscoroutinefunction(self) else response

    @staticmethod
    def serve(static_file: StaticFile, request: HttpRequest) -> HttpResponse:
        """The whole file at once: the largest has about a megabyte, so reading it holds nobody up."""
        found = static_file.get_response(request.method, request.META)
        content = b""
        if found.file is not None:
            with found.file:
                content = found.file.read()
        response = HttpResponse(content, status=int(found.status))
        del response["Content-Type"]
        for name, value in found.headers:
            response[name] = value
        return response


async def _soon(response: HttpResponseBase) -> HttpResponseBase:
    return response
