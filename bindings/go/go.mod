module github.com/agent-receipts/agent-receipts/bindings/go

go 1.24
