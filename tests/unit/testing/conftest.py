from headway.contracts import Runtime


class Names:
    """A lookup of anything by its class."""

    def __init__(self, *classes):
        self.known = {("artifact", getattr(c, "type_name", c.__name__)): c for c in classes}
        self.known |= {("runtime", c.__name__): c for c in classes if issubclass(c, Runtime)}

    def get(self, kind, name):
        return self.known[kind, name]
