"""A contract for import-linter: who may import whom in pages/parts, by what the folders are and not by their names."""

import grimp
from importlinter.contracts.layers import Layer, LayersContract, ModuleTail
from importlinter.domain import fields
from importlinter.domain.contract import ContractCheck

_SHARED = ("shared", "web")  # what all stand on, the lowest last


class FoldersContract(LayersContract):
    """Layers of the folders in one package: those of pages, then components, which have a component.py, then _SHARED.

    No folder imports another of its layer, nor one above it. A new folder is in its layer by itself.
    """

    type_name = "folders"

    package = fields.StringField()
    layers = fields.ListField(subfield=fields.StringField(), required=False)  # found in the code instead

    def validate(self) -> None:
        """Layers that are found cannot contradict each other."""

    def check(self, graph: grimp.ImportGraph, verbose: bool) -> ContractCheck:
        """Find the layers, then check them as if they had been listed."""
        package = str(self.package)
        names = {module.rsplit(".", 1)[1] for module in graph.find_children(package)} - set(_SHARED)
        components = {name for name in names if f"{package}.{name}.component" in graph.modules}
        found = [names - components, components, *({name} for name in _SHARED)]
        self.layers = [Layer({ModuleTail(name) for name in layer}) for layer in found if layer]
        self.containers = [package]
        return super().check(graph, verbose)
