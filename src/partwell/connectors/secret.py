# SPDX-License-Identifier: AGPL-3.0-or-later
"""A value that does not show itself."""

import hmac
from typing import Any, NoReturn


class Secret:
    """Holds a password or token so that repr, str, format, pickle and logs never show it.

    ``reveal()`` is the only way out, so that every use can be found by searching for it.
    """

    __slots__ = ("__value",)

    def __init__(self, value: str) -> None:
        self.__value = value

    def reveal(self) -> str:
        """The secret itself."""
        return self.__value

    def __bool__(self) -> bool:
        return bool(self.__value)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Secret):
            return NotImplemented
        return hmac.compare_digest(self.__value.encode(), other.__value.encode())

    __hash__ = None  # type: ignore[assignment]  # a hash of a secret can be guessed against

    def __repr__(self) -> str:
        return "Secret('…')"

    def __copy__(self) -> "Secret":
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> "Secret":
        return self

    def __reduce__(self) -> NoReturn:
        raise TypeError("A secret is not pickled; hand it over in memory.")
