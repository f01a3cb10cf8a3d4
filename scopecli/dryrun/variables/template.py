"""Templates: a function whose variables are made by the first call and shared by the others.

https://github.com/tensorflow/tensorflow/blob/master/tensorflow/python/ops/template.py
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from scopecli.dryrun.graph.keys import GraphKeys
from scopecli.dryrun.graph.scopes import get_collection, get_collection_ref
from scopecli.dryrun.graph.stack import user_stack
from scopecli.dryrun.variables.opening import PureVariableScope, unique_scope, variable_scope

if TYPE_CHECKING:
    from collections.abc import Callable

    from scopecli.dryrun.variables.scope import VariableScope


class Template:
    """A function that shares its variables.

    Attributes:
        name: as it was asked for.
        variable_scope: where its variables are; None before it is known.
    """

    def __init__(
        self,
        name: str,
        function: Callable[..., Any],
        create_scope_now: bool,
        unique_name: str | None,
        custom_getter: Any,
    ) -> None:
        if name is None:
            raise ValueError("name cannot be None.")
        self.name = name
        self.func = function
        self._unique_name = unique_name
        self._custom_getter = custom_getter
        self._stack = user_stack(3)
        self._made = False
        self._first = True
        self.variable_scope: VariableScope | None = None
        if create_scope_now:
            scope = unique_name or unique_scope(name)
            with PureVariableScope(scope, custom_getter=custom_getter) as opened:
                self.variable_scope = opened

    def __call__(self, *arguments: Any, **options: Any) -> Any:
        if self.variable_scope is not None:
            with variable_scope(self.variable_scope, reuse=not self._first):
                return self._called(arguments, options)
        getter = self._custom_getter
        with variable_scope(self._unique_name, self.name, custom_getter=getter) as scope:
            self.variable_scope = scope
            return self._called(arguments, options)

    def _called(self, arguments: Any, options: Any) -> Any:
        try:
            if self._made:
                return self._again(arguments, options)
            if not self._first:
                return self.func(*arguments, **options)
            self._first = False
            try:
                result = self.func(*arguments, **options)
            except BaseException:
                self._first = True
                raise
            self._made = True
        except Exception as error:
            words = error.args[0] if error.args else ""
            lines = "".join(f'  File "{f}", line {n}, in {w}\n' for f, n, w in self._stack)
            error.args = (f"{words}\n\noriginally defined at:\n{lines}", *error.args[1:])
            raise
        return result

    def _again(self, arguments: Any, options: Any) -> Any:
        trainable = get_collection_ref(GraphKeys.TRAINABLE_VARIABLES)
        before = len(trainable)
        result = self.func(*arguments, **options)
        if len(trainable) != before:
            raise ValueError(
                "Trainable variable created when calling a template after the first time, perhaps "
                f"you used tf.Variable when you meant tf.get_variable: {trainable[before:]}"
            )
        return result

    @property
    def variable_scope_name(self) -> str | None:
        """Name of the scope with a slash at the end."""
        if self.variable_scope is None:
            return None
        name = self.variable_scope.name
        return name if not name or name.endswith("/") else name + "/"

    @property
    def var_scope(self) -> VariableScope | None:
        """The older name of `variable_scope`."""
        return self.variable_scope

    def _collected(self, key: str) -> list[Any]:
        return get_collection(key, self.variable_scope_name) if self._made else []

    @property
    def global_variables(self) -> list[Any]:
        """Its global variables."""
        return self._collected(GraphKeys.GLOBAL_VARIABLES)

    @property
    def local_variables(self) -> list[Any]:
        """Its local variables."""
        return self._collected(GraphKeys.LOCAL_VARIABLES)

    @property
    def trainable_variables(self) -> list[Any]:
        """Its trainable variables."""
        return self._collected(GraphKeys.TRAINABLE_VARIABLES)

    @property
    def variables(self) -> list[Any]:
        """Its global and local variables."""
        return self.global_variables + self.local_variables

    weights = variables
    trainable_weights = trainable_variables

    @property
    def non_trainable_variables(self) -> list[Any]:
        """Its global variables that are not trained."""
        trained = set(self.trainable_variables)
        return [variable for variable in self.global_variables if variable not in trained]


def make_template(
    name_: str,
    func_: Callable[..., Any],
    create_scope_now_: bool = False,
    unique_name_: str | None = None,
    custom_getter_: Any = None,
    **kwargs: Any,
) -> Template:
    """Make a template of a function."""
    function = partial(func_, **kwargs) if kwargs else func_
    return Template(name_, function, create_scope_now_, unique_name_, custom_getter_)
