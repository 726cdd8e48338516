"""A contract for import-linter: who may import whom in pages/parts, by what a folder is and not by its name."""

import grimp
from importlinter import Contract, ContractCheck, fields, output

_SHARED = ("shared", "web")  # what all others stand on, the lowest last


class FoldersContract(Contract):
    """Folders of pages stand on components, which have a component.py, and all on _SHARED; none on one of its own kind.

    So a new folder has its place without a line of settings. package: the one that the folders are in.
    """

    type_name = "folders"
    package = fields.StringField()

    def check(self, graph: grimp.ImportGraph, verbose: bool) -> ContractCheck:
        """Find the folders of each kind, and what they import that they must not."""
        package = str(self.package)
        names = {module.removeprefix(f"{package}.") for module in graph.find_children(package)} - set(_SHARED)
        components = {name for name in names if f"{package}.{name}.component" in graph.modules}
        kinds = [names - components, components, *({name} for name in _SHARED)]
        layers = [grimp.Layer(*kind, independent=True) for kind in kinds]
        broken = graph.find_illegal_dependencies_for_layers(layers=layers, containers={package})
        return ContractCheck(kept=not broken, metadata={"broken": broken})

    def render_broken_contract(self, check: ContractCheck) -> None:
        """Name the imports, one chain a line."""
        for dependency in sorted(check.metadata["broken"], key=lambda found: (found.importer, found.imported)):
            output.print_error(f"{dependency.importer} is not allowed to import {dependency.imported}:")
            for route in dependency.routes:
                chain = (", ".join(sorted(route.heads)), *route.middle, ", ".join(sorted(route.tails)))
                output.print_error(f"-   {' -> '.join(chain)}", bold=False)
            output.new_line()
