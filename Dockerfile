# The page, the program, and a small image with nothing else in it.
FROM node:20-bookworm-slim AS page
WORKDIR /build/web
COPY web/package.json web/package-lock.json ./
RUN npm ci --no-audit --no-fund
COPY graphql/schema.graphql /build/graphql/schema.graphql
COPY web ./
RUN npm run build

FROM rust:1.95-bookworm AS program
# librdkafka is built from its sources, with TLS and zlib of the system.
RUN apt-get update && apt-get install -y --no-install-recommends libssl-dev zlib1g-dev && rm -rf /var/lib/apt/lists/*
WORKDIR /build
COPY . .
COPY --from=page /build/web/dist web/dist
RUN --mount=type=cache,target=/usr/local/cargo/registry --mount=type=cache,target=/build/target \
    cargo build --locked --release --bin millwright && cp target/release/millwright /millwright

FROM debian:bookworm-slim
RUN apt-get update && apt-get install -y --no-install-recommends libssl3 zlib1g ca-certificates && rm -rf /var/lib/apt/lists/*
RUN useradd --system --uid 10001 --create-home --home-dir /data millwright
COPY --from=program /millwright /usr/local/bin/millwright
USER millwright
WORKDIR /data
HEALTHCHECK --interval=15s --timeout=5s --start-period=60s CMD ["millwright", "health"]
ENTRYPOINT ["millwright"]
CMD ["demo"]
