"""A server that answers a call with as little work as can be: what is measured is the way there and back."""

import os

rest = b""
while piece := os.read(0, 1 << 16):
    *lines, rest = (rest + piece).split(b"\n")
    for line in lines:
        at = line.find(b'"id":')
        if at >= 0:
            id = line[at + 5 : line.index(b",", at)]
            os.write(1, b'{"jsonrpc":"2.0","id":' + id + b',"result":{"content":[{"type":"text","text":"done"}],"isError":false}}\n')
