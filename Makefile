# What one does with this tree. Each recipe's work is told in the script it calls.

.PHONY: build run test test-long demo docker-demo bench deb

# Leaves target/release/rebootping.
build:
	@tools/need build
	@tools/ui
	tools/cargo build --release --locked --package rebootping --target-dir target

# Shows this machine's links and changes nothing; NETNS=name watches from inside that network namespace.
run: build
	@tools/run "$(NETNS)"

# Proves the tree.
test:
	@tools/test

# Proves the rest, which takes longer; SLICE=name for one part, SLICE=rotate for today's.
test-long:
	@tools/test-long "$(or $(SLICE),all)"

# Two Internet providers, a gateway and a LAN on this machine, and how to break a link and watch.
demo:
	@tools/demo

# The same in containers, with the page in the browser.
docker-demo:
	@tools/docker-demo

# Measures what the guides and CHANGELOG.md claim.
bench:
	@tools/bench

# A Debian package below target/debian.
deb: build
	@tools/deb
