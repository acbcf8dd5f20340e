# syntax=docker/dockerfile:1

FROM node:24-slim AS build
WORKDIR /build
COPY package.json package-lock.json ./
RUN npm ci --ignore-scripts
COPY tsconfig.json ./
COPY src ./src
COPY jobs ./jobs
COPY test ./test
RUN npm run build

FROM node:24-slim AS production-modules
WORKDIR /build
COPY package.json package-lock.json ./
RUN npm ci --omit=dev --ignore-scripts

FROM node:24-slim
LABEL org.opencontainers.image.title="headgate" \
      org.opencontainers.image.description="Provisioning from Microsoft Entra ID to SCIM service providers" \
      org.opencontainers.image.licenses="MIT"
ENV NODE_ENV=production \
    HEADGATE_CONFIG=/etc/headgate/headgate.yaml
WORKDIR /app
COPY package.json LICENSE ./
COPY --from=production-modules /build/node_modules ./node_modules
COPY --from=build /build/dist/src ./dist/src
COPY --from=build /build/dist/jobs ./dist/jobs
RUN mkdir /data && chown 1000:1000 /data
VOLUME /data
# By number, so that a cluster can prove that it is not root.
USER 1000:1000
EXPOSE 4040
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=30s --timeout=5s --start-period=20s \
  CMD ["node", "-e", "fetch('http://127.0.0.1:4040/readyz').then(r => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]
# Run with an init (docker run --init, compose init: true): Node does not reap children as process 1.
ENTRYPOINT ["node", "dist/src/cli/main.js"]
CMD ["serve"]
