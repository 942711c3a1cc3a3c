# One image for all roles; ROLES says what a container does.
#
# Node.js 24 is the long-term release (until April 2028); 20 has had no security fixes since April 2026. uWebSockets.js'
# binary for it needs glibc 2.38: Debian 13 (trixie) has 2.41, Debian 12 only 2.36.
ARG NODE_IMAGE=node:24.21.0-trixie-slim

FROM ${NODE_IMAGE} AS build
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN npm ci --no-audit --no-fund
COPY tsconfig.json tsconfig.build.json ./
COPY src src
COPY workflows workflows
COPY activities activities
COPY drizzle drizzle
RUN npm run build

FROM ${NODE_IMAGE} AS dependencies
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN npm ci --omit=dev --no-audit --no-fund
# Two packages carry binaries for every platform and version of Node.js, 340 MB that this one never loads.
RUN node -e ' \
    const { readdirSync, rmSync } = require("node:fs"); \
    const keep = (folder, name, of) => { \
      const all = readdirSync(folder).filter((each) => of.test(each)); \
      if (!all.includes(name)) throw new Error(`${folder} has no ${name}`); \
      for (const each of all) if (each !== name) rmSync(`${folder}/${each}`, { recursive: true }); \
    }; \
    const { arch, versions } = process; \
    const cpu = { x64: "x86_64", arm64: "aarch64" }[arch]; \
    keep("node_modules/uWebSockets.js", `uws_linux_${arch}_${versions.modules}.node`, /\.node$/); \
    keep("node_modules/@temporalio/core-bridge/releases", `${cpu}-unknown-linux-gnu`, /./);'

FROM ${NODE_IMAGE}
ARG VERSION=0.1.0
ARG REVISION=unknown
LABEL org.opencontainers.image.title="ocpp-actors" \
      org.opencontainers.image.description="OCPP 1.6-J central system in which every charge point is a durable Temporal workflow" \
      org.opencontainers.image.licenses="MIT" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"
WORKDIR /app
COPY package.json ./
COPY --from=dependencies /app/node_modules node_modules
COPY --from=build /app/dist dist
COPY bin bin
# The only place that is written to. No VOLUME: an edge without a volume of its own must not look as if it had one.
RUN ln -s /app/bin/ocpp-actors.js /usr/local/bin/ocpp-actors && install -d -o node -g node -m 700 /data
# Whoever listens beyond loopback is asked for OPERATOR_TOKEN and STATION_AUTHENTICATION=required (docs/settings.md).
ENV NODE_ENV=production DATA_DIR=/data HOST=0.0.0.0
USER node
EXPOSE 8080 8081
STOPSIGNAL SIGTERM
# An edge answers 503 when its stations stay unanswered; the other roles answer as long as they run.
HEALTHCHECK --interval=15s --timeout=5s --start-period=60s --retries=3 CMD ["node", "-e", "const { ROLES = 'edge', PORT = 8080, API_PORT = 8081 } = process.env; fetch(`http://127.0.0.1:${ROLES.includes('edge') ? PORT : API_PORT}/health`).then(({ ok }) => process.exit(ok ? 0 : 1), () => process.exit(1))"]
CMD ["node", "--enable-source-maps", "dist/src/main.js"]
