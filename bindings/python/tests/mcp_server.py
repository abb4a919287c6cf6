"""An MCP server on standard input and output, for the tests of the client session."""

from mcp.server.mcpserver import MCPServer

server = MCPServer("calculator")


@server.tool()
def multiply(a: int, b: int) -> int:
    """Multiplies two numbers."""
    return a * b


@server.tool()
def login(password: str) -> str:
    """Fails."""
    raise PermissionError(f"not with {password}")


if __name__ == "__main__":
    server.run("stdio")
