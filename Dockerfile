# The page, the program, and a small image with nothing else in it.
FROM node:20-bookworm-slim AS page
WORKDIR /build/web
COPY web/package.json web/package-lock.json web/.npmrc* ./
RUN npm ci --no-audit --no-fund
COPY graphql/schema.graphql /build/graphql/schema.graphql
COPY web ./
RUN npm run build

FROM rust:1.95-bookworm AS program
WORKDIR /build
COPY . .
COPY --from=page /build/web/dist web/dist
RUN cargo build --release --bin millwright

FROM debian:bookworm-slim
RUN useradd --system --create-home --home-dir /data millwright
COPY --from=program /build/target/release/millwright /usr/local/bin/millwright
USER millwright
WORKDIR /data
ENTRYPOINT ["millwright"]
CMD ["demo"]
