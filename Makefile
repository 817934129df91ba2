# webchat: `make run` for a chat at http://localhost:8000, `make test` for all tests. Both install what is missing with
# the system's package manager, and say so.

SHELL := /bin/sh
.DEFAULT_GOAL := help
.PHONY: help run demo test lint bench schema schemathesis cargo postgres plpgsql_check chromium axe recipes

# The oldest PostgreSQL that serves; the server has the same number.
POSTGRES_MIN := 15
# What is installed where the system's own PostgreSQL is older than that, and by Homebrew, which has a package for each.
POSTGRES_NEW := 17

help:
	@echo 'make run    the chat at http://localhost:8000 (set HOST, PORT, DATABASE_URL, … as in .env.example)'
	@echo 'make demo   a chat full of people at http://localhost:8000, and a sample shop with it built in at http://localhost:8001'
	@echo 'make test   all tests, against a real PostgreSQL and a real Chromium'
	@echo 'make bench  how fast it is on this machine, as a table (BENCH="pairs --seconds 3" for a part of it)'
	@echo 'make schema writes docs/schema.txt anew, after a change of a migration or of sql/'
	@echo 'make schemathesis   the HTTP API tried by its own description (needs python3 and the network)'
	@echo 'make lint   formatting and clippy, as the tests of a change demand them'

run: cargo postgres
	cargo run --release

demo: cargo postgres
	DATABASE_URL= cargo run --release -- demo

test: cargo postgres plpgsql_check chromium axe recipes
	cargo test --workspace

lint: cargo
	@cargo fmt --version >/dev/null 2>&1 || { echo 'rustfmt is missing: rustup component add rustfmt' >&2; exit 1; }
	@cargo clippy --version >/dev/null 2>&1 || { echo 'clippy is missing: rustup component add clippy' >&2; exit 1; }
	cargo fmt --all --check
	cargo clippy --workspace --all-targets -- -D warnings

# What the migrations and sql/ make, as text: its difference shows what a change makes of the schema.
schema: cargo postgres
	UPDATE_SCHEMA=1 cargo test --test database the_schema_in_the_documents

# The peer is measured too where its packages can be had.
bench: cargo postgres
	cargo build --release --package webchat --package webchat-bench
	@if command -v node >/dev/null && command -v npm >/dev/null && (cd bench/peers && npm ci --no-audit --no-fund); \
	then peer=--peer-too; \
	else peer=; echo 'webchat: the peer is left out: it needs Node.js 20 with npm, and its packages' >&2; fi; \
	target/release/bench $$peer $(BENCH)

# The API by its own description, from outside: what tests/live/generated.rs does, by somebody else's hand. It needs PyPI
# once, and is no part of `make test`. The server is a debug build with a database of its own, thrown away after.
SCHEMATHESIS := 4.32.5
SCHEMATHESIS_PORT := 8099

schemathesis: cargo postgres
	cargo build
	test -x target/schemathesis/bin/schemathesis || python3 -m venv target/schemathesis
	target/schemathesis/bin/pip install --quiet schemathesis==$(SCHEMATHESIS)
	@set -eu; chat=http://localhost:$(SCHEMATHESIS_PORT); data=$$(mktemp -d); chmod 755 "$$data"; \
	env -u DATABASE_URL DATA_DIR="$$data/webchat" HOST=127.0.0.1 PORT=$(SCHEMATHESIS_PORT) AUTH=guest \
		SENDS_PER_SECOND=100000 LOG=warn target/debug/webchat & server=$$!; \
	trap 'kill $$server; wait $$server || true; rm -rf "$$data"' EXIT; \
	curl -sS --retry 60 --retry-delay 1 --retry-all-errors --fail -o /dev/null $$chat/ready; \
	token=$$(curl -sS -X POST $$chat/auth/guest | sed -E 's/.*"access_token":"([^"]*)".*/\1/'); \
	target/schemathesis/bin/schemathesis --config-file tests/schemathesis.toml run $$chat/openapi.json \
		-H "Authorization: Bearer $$token" --phases examples,coverage,fuzzing --max-examples 25 \
		--continue-on-failure $(SCHEMATHESIS_OPTIONS)

# --- What is needed, installed when missing -------------------------------------------------------------------------

# Prints the major version of the first PostgreSQL that serves: on PATH, else the newest in the places of package
# managers, as the server itself looks for it.
define find_postgres
find_postgres() { \
	for program in "$$(command -v postgres)" \
		$$(ls -d /usr/lib/postgresql/*/bin/postgres /usr/pgsql-*/bin/postgres \
			/opt/homebrew/opt/postgresql*/bin/postgres /usr/local/opt/postgresql*/bin/postgres \
			/Applications/Postgres.app/Contents/Versions/*/bin/postgres 2>/dev/null | sort -rV); \
	do \
		[ -x "$$program" ] || continue; \
		version=$$("$$program" --version | sed -E 's/^[^0-9]*([0-9]+).*/\1/'); \
		[ "$$version" -ge $(POSTGRES_MIN) ] 2>/dev/null || continue; \
		echo "$$version"; return 0; \
	done; \
	return 1; \
}
endef

# `as_root` runs a command as root, with sudo when we are not; `say` tells what is about to happen;
# `apt_install` brings apt's lists up to date first, since a fresh container has none.
define install_words
say() { echo "webchat: $$*" >&2; }; \
as_root() { \
	if [ "$$(id -u)" = 0 ]; then "$$@"; \
	elif command -v sudo >/dev/null; then sudo "$$@"; \
	else say "this needs root, and sudo is not installed: $$*"; return 1; fi; \
}; \
apt_install() { \
	say "installing with apt-get: $$*"; \
	as_root apt-get update -q && \
	as_root env DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends "$$@"; \
}
endef

cargo:
	@command -v cargo >/dev/null || { \
		echo 'Rust is missing; https://rustup.rs installs it. Its linker needs a C compiler too.' >&2; exit 1; }

# The server needs PostgreSQL's programs only. Debian's package would also create and start a cluster of its own, which
# would be one more server on the machine that nobody asked for; so the file that decides this is changed while the
# package is installed, and put back as it was. It comes with postgresql-common, which therefore goes first.
# Where DATABASE_URL names a database, nothing is missing.
postgres:
	@set -eu; $(find_postgres); $(install_words); \
	if find_postgres >/dev/null; then exit 0; fi; \
	if [ -n "$${DATABASE_URL:-}" ]; then exit 0; fi; \
	if [ "$(MAKECMDGOALS)" = run ] && grep -q '^DATABASE_URL=.' .env 2>/dev/null; then exit 0; fi; \
	say 'PostgreSQL $(POSTGRES_MIN) or newer is not installed'; \
	if command -v apt-get >/dev/null; then \
		apt_install postgresql-common; \
		package=postgresql; \
		offered=$$(apt-cache policy postgresql | sed -nE 's/^ *Candidate: *([0-9]+).*/\1/p'); \
		if [ "$${offered:-0}" -lt $(POSTGRES_MIN) ]; then \
			say "this system offers PostgreSQL $${offered:-none}; adding the PostgreSQL project's own repository"; \
			apt_install ca-certificates; \
			echo | as_root /usr/share/postgresql-common/pgdg/apt.postgresql.org.sh; \
			package=postgresql-$(POSTGRES_NEW); \
		fi; \
		conf=/etc/postgresql-common/createcluster.conf; \
		as_root cp -p "$$conf" "$$conf.webchat"; \
		trap 'as_root mv "$$conf.webchat" "$$conf"' EXIT; \
		trap 'exit 1' HUP INT TERM; \
		echo 'create_main_cluster = false' | as_root tee -a "$$conf" >/dev/null; \
		apt_install "$$package"; \
	elif command -v dnf >/dev/null; then \
		say 'installing with dnf: postgresql-server'; \
		if [ -n "$$(dnf -q module list postgresql 2>/dev/null)" ]; then \
			as_root dnf install -y @postgresql:16/server; \
		else \
			as_root dnf install -y postgresql-server; \
		fi; \
	elif command -v brew >/dev/null; then \
		say 'installing with brew: postgresql@$(POSTGRES_NEW)'; \
		brew install postgresql@$(POSTGRES_NEW); \
	fi; \
	find_postgres >/dev/null || { say 'please install PostgreSQL $(POSTGRES_MIN) or newer'; exit 1; }

# The linter that one test runs over every function.
plpgsql_check: postgres
	@set -eu; $(find_postgres); $(install_words); \
	version=$$(find_postgres || true); \
	if [ -z "$$version" ]; then exit 0; fi; \
	if ls /usr/share/postgresql/"$$version"/extension/plpgsql_check.control \
		/usr/share/pgsql/extension/plpgsql_check.control \
		/usr/pgsql-"$$version"/share/extension/plpgsql_check.control \
		/opt/homebrew/share/postgresql*/extension/plpgsql_check.control \
		2>/dev/null | grep -q .; then exit 0; fi; \
	say 'the extension plpgsql_check is not installed'; \
	if command -v apt-get >/dev/null; then apt_install "postgresql-$$version-plpgsql-check"; \
	elif command -v dnf >/dev/null; then \
		as_root dnf install -y plpgsql_check || as_root dnf install -y "plpgsql_check_$$version"; \
	else say 'there is no package for it here; WITHOUT_PLPGSQL_CHECK=1 does without'; fi

# The browser tests drive it through its WebDriver. Where apt has no package of that name (Ubuntu), it is called
# chromium-browser.
chromium:
	@set -eu; $(install_words); \
	if command -v chromedriver >/dev/null && \
		{ command -v chromium || command -v chromium-browser || command -v google-chrome; } >/dev/null; \
	then exit 0; fi; \
	say 'Chromium and its driver are not installed'; \
	if command -v apt-get >/dev/null; then \
		as_root apt-get update -q; \
		if apt-cache show chromium-driver >/dev/null 2>&1; then apt_install chromium chromium-driver; \
		else apt_install chromium-browser chromium-chromedriver; fi; \
	elif command -v dnf >/dev/null; then \
		say 'installing with dnf: chromium chromedriver'; \
		as_root dnf install -y chromium chromedriver; \
	elif command -v brew >/dev/null; then \
		say 'installing with brew: chromium chromedriver'; \
		brew install --cask chromium chromedriver; \
	else \
		say 'please install Chromium and chromedriver'; exit 1; \
	fi

# What checks the page's accessibility: a package of npm's, of one version. What is there already is fetched no more.
AXE := tests/browser/npm

axe:
	@set -eu; $(install_words); \
	if cmp -s $(AXE)/package-lock.json $(AXE)/node_modules/.webchat-lock; then exit 0; fi; \
	if ! command -v npm >/dev/null || ! command -v node >/dev/null; then \
		say 'Node.js and npm are not installed'; \
		if command -v apt-get >/dev/null; then apt_install nodejs npm; \
		elif command -v dnf >/dev/null; then \
			say 'installing with dnf: nodejs npm'; \
			as_root dnf install -y nodejs npm; \
		elif command -v brew >/dev/null; then \
			say 'installing with brew: node'; \
			brew install node; \
		else \
			say 'please install Node.js and npm'; exit 1; \
		fi; \
	fi; \
	say 'installing with npm: axe-core'; \
	(cd $(AXE) && npm ci --no-audit --no-fund); \
	cp $(AXE)/package-lock.json $(AXE)/node_modules/.webchat-lock

# What the projects in docs/recipes are made of, to try them; in versions that are written down there. What is there already is
# fetched no more, and the recipes of a runtime that is not on this machine are left out.
RECIPES := target/recipes

recipes:
	@set -eu; $(install_words); mkdir -p $(RECIPES)/express; \
	python_wants=$$(cat docs/recipes/*/requirements.txt); \
	if ! command -v python3 >/dev/null; then say 'python3 is not installed: two recipes are not tried'; \
	elif [ "$$(cat $(RECIPES)/python/.webchat-wants 2>/dev/null)" != "$$python_wants" ]; then \
		say 'installing with pip: fastapi, django and what they need'; \
		rm -rf $(RECIPES)/python; \
		python3 -m venv $(RECIPES)/python || { \
			command -v apt-get >/dev/null && apt_install python3-venv && python3 -m venv $(RECIPES)/python; }; \
		$(RECIPES)/python/bin/pip install --quiet --disable-pip-version-check \
			$$(printf -- '-r %s ' docs/recipes/*/requirements.txt); \
		printf '%s\n' "$$python_wants" > $(RECIPES)/python/.webchat-wants; \
	fi; \
	if ! command -v node >/dev/null || ! command -v npm >/dev/null; then say 'Node.js is not installed: a recipe is not tried'; \
	elif ! cmp -s docs/recipes/express/package-lock.json $(RECIPES)/express/node_modules/.webchat-lock; then \
		say 'installing with npm: express'; \
		cp docs/recipes/express/package.json docs/recipes/express/package-lock.json $(RECIPES)/express/; \
		(cd $(RECIPES)/express && npm ci --no-audit --no-fund); \
		cp docs/recipes/express/package-lock.json $(RECIPES)/express/node_modules/.webchat-lock; \
	fi
