# The server alone; its database is elsewhere (docker-compose.yml has both).

FROM rust:1-slim-bookworm AS build
WORKDIR /src
COPY . .
# The caches live outside the image's layers, so a changed file costs one crate's build and not all of them.
RUN --mount=type=cache,target=/usr/local/cargo/registry \
    --mount=type=cache,target=/src/target \
    cargo build --release --locked --bin webchat \
    && cp target/release/webchat /usr/local/bin/webchat

FROM debian:bookworm-slim
# The certificates are for a database reached over TLS, and for the pages that link previews are of.
RUN apt-get update \
    && apt-get install -y --no-install-recommends ca-certificates \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --system --user-group --no-create-home --home-dir / webchat
COPY --from=build /usr/local/bin/webchat /usr/local/bin/webchat
USER webchat
# A container's own loopback is reached by nobody.
ENV HOST=0.0.0.0
EXPOSE 8000
# `doctor` leaves with an error when the database cannot be reached or does not fit.
HEALTHCHECK --interval=30s --timeout=10s --start-period=30s CMD ["webchat", "doctor"]
CMD ["webchat"]
