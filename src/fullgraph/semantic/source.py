"""From bytes to text to syntax tree, with errors that name a place."""

from __future__ import annotations

import ast
import codecs
import io
import re
import tokenize
import warnings

_NEWLINE = re.compile(r"\r\n|\r|\n")


class SourceError(Exception):
    """A file that cannot be decoded or parsed: row and column from 1, and the reason in a few words."""

    def __init__(self, row: int, column: int, reason: str) -> None:
        super().__init__(f"{row}:{column}: {reason}")
        self.row = row
        self.column = column
        self.reason = reason


def decode(data: bytes) -> str:
    """Text of a Python file by its BOM and coding cookie (PEP 263), newlines untouched.

    Raises:
        SourceError: unknown encoding, or bytes that the encoding does not allow.
    """
    bom, encoding = _bom_and_encoding(data)
    data = data[len(bom) :]
    try:
        return data.decode(encoding)
    except (LookupError, ValueError) as error:
        raise _undecodable(data, encoding, error) from error


def encode(text: str, like: bytes) -> bytes:
    """Bytes of a text that came from `decode`, with the BOM and in the encoding of the bytes it came from.

    Raises:
        SourceError: the encoding has no bytes for some character.
    """
    bom, encoding = _bom_and_encoding(like)
    try:
        return bom + text.encode(encoding)
    except ValueError as error:
        raise SourceError(1, 1, f"cannot encode as {encoding}: {error}") from error


def _bom_and_encoding(data: bytes) -> tuple[bytes, str]:
    try:
        encoding, _ = tokenize.detect_encoding(io.BytesIO(data).readline)
    except SyntaxError as error:
        if not str(error.msg).startswith("invalid or missing"):
            raise SourceError(1, 1, str(error.msg)) from error
        encoding = "utf-8"
    return (codecs.BOM_UTF8, "utf-8") if data.startswith(codecs.BOM_UTF8) else (b"", encoding)


def _undecodable(data: bytes, encoding: str, error: Exception) -> SourceError:
    if not isinstance(error, UnicodeDecodeError) or error.object != data:
        return SourceError(1, 1, f"cannot decode as {encoding}: {error}")
    try:
        row, column = _end_of(data[: error.start].decode(encoding, errors="replace"))
    except (LookupError, ValueError):
        row, column = 1, 1
    return SourceError(row, column, f"cannot decode byte 0x{data[error.start]:02x} as {error.encoding}")


def _end_of(text: str) -> tuple[int, int]:
    """Row and column right behind a text."""
    *before, last = _NEWLINE.split(text)
    return len(before) + 1, len(last) + 1


def parse(text: str) -> ast.Module:
    """Syntax tree of a file's text.

    Raises:
        SourceError: the text is not valid Python, or is nested too deeply for the parser.
    """
    if "\0" in text:
        raise SourceError(*_end_of(text[: text.index("\0")]), "syntax error: source code cannot contain null bytes")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return ast.parse(text)
    except SyntaxError as error:
        row, column = error.lineno or 1, max(error.offset or 1, 1)
        raise SourceError(max(row, 1), column, f"syntax error: {error.msg}") from error
    except ValueError as error:
        raise SourceError(1, 1, f"syntax error: {error}") from error
    except (RecursionError, MemoryError) as error:
        raise SourceError(1, 1, "syntax error: nested too deeply to parse") from error


def split_lines(text: str) -> tuple[str, ...]:
    """Physical lines without their ends, split where Python's parser splits them (never at a form feed)."""
    return tuple(_NEWLINE.split(text) if "\r" in text else text.split("\n"))


def split_lines_with_ends(text: str) -> list[str]:
    """Physical lines with their ends; no empty last one."""
    return re.findall(r"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+", text)
