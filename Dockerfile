# Faultline in a container: not root, and nothing to write but /data and /tmp, so that the root file system can be read-only.
#
# To be quite sure of the base, pin its digest, which `docker buildx imagetools inspect node:24.21.0-slim` prints:
#   FROM node:24.21.0-slim@sha256:… AS node
# The version is the one that package.json brings along for development, so the tests run on the same Node.
FROM node:24.21.0-slim AS node

FROM node AS build
WORKDIR /build
COPY package.json package-lock.json ./
# Typings and source maps are for developers: almost a third of what npm installs.
RUN npm ci --omit=dev --no-audit --no-fund \
 && find node_modules -type f \( -name '*.map' -o -name '*.d.ts' -o -name '*.d.mts' -o -name '*.d.cts' \) -delete
COPY LICENSE ./app/
COPY package.json ./app/
COPY src ./app/src/
# The simulated Twilio of `faultline demo`, and two deliveries for `faultline replay`.
COPY test/support ./app/test/support/
COPY test/fixtures ./app/test/fixtures/
# Readable whatever the umask of the checkout.
RUN chmod -R a+rX app node_modules

FROM node
ARG VERSION=0.1.0
ARG REVISION=unknown
LABEL org.opencontainers.image.title="Faultline" \
      org.opencontainers.image.description="Observability and alerting for Twilio's error stream" \
      org.opencontainers.image.source="https://github.com/faultline/faultline" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}" \
      org.opencontainers.image.base.name="docker.io/library/node:24.21.0-slim"
ENV NODE_ENV=production \
    DATA_DIR=/data
WORKDIR /app
# A layer of its own: it changes with the lock file only.
COPY --from=build /build/node_modules ./node_modules/
COPY --from=build /build/app ./
# A number, so that Kubernetes can see it is not root.
RUN install -d -m 0700 -o 10001 -g 10001 /data
USER 10001:10001
VOLUME ["/data"]
EXPOSE 8080 9464
STOPSIGNAL SIGTERM
# There is no curl in a slim image, and none is needed.
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s --retries=3 \
  CMD ["node", "-e", "fetch('http://127.0.0.1:' + (process.env.ADMIN_PORT || 9464) + '/livez').then((answer) => process.exit(answer.ok ? 0 : 1), () => process.exit(1))"]
# Node is process 1 and handles the signals itself; the base image's entry point is a shell script that is not needed.
ENTRYPOINT []
# With 192 MiB at its disposal V8 does not look through the whole heap three times a second under load: an eighth more webhooks.
CMD ["node", "--initial-old-space-size=192", "src/main.ts", "serve"]
