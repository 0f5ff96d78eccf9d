"""The definitions of files, from the cache where it has them."""

from __future__ import annotations

from fullgraph.engine.allow_file import definitions_of
from fullgraph.engine.fingerprint import Definitions
from fullgraph.engine.index import Projects
from fullgraph.engine.many import path_of
from fullgraph.engine.store import Store, digest, dump, key_of, load


class Known:
    """Finds definitions, and keeps them in the caches of the files' projects."""

    def __init__(self, projects: Projects) -> None:
        self._projects = projects
        self._stores: dict[str, Store] = {}

    def definitions(self, shown: str, data: bytes) -> Definitions:
        """The definitions of a file, given as it is shown.

        Raises:
            SourceError: it cannot be parsed.

        """
        project = self._projects.of(path_of(shown))
        if project is None:
            return definitions_of(data)
        self._stores[project.root] = project.store
        key = key_of("definitions", digest(data))
        kept = project.store.get([key]).get(key)
        ranges = None if kept is None else load(kept)
        if isinstance(ranges, tuple):
            return Definitions(None, ranges)
        found = definitions_of(data)
        project.store.put(key, dump(found.ranges))
        return found

    def flush(self) -> None:
        """Write what is new."""
        for store in self._stores.values():
            store.flush()
