# Homer in a container: docs/containers.md says how to run it and how to add agents.
ARG NODE_IMAGE=docker.io/library/node:24.21.0-bookworm-slim
ARG BASE_IMAGE=docker.io/library/debian:bookworm-slim

FROM ${NODE_IMAGE} AS build
WORKDIR /src
ENV npm_config_ignore_scripts=true npm_config_audit=false npm_config_fund=false npm_config_update_notifier=false
COPY package.json package-lock.json .npmrc ./
# A registry or a proxy of your own: `--secret id=npmrc,src=$HOME/.npmrc`.
RUN --mount=type=secret,id=npmrc,target=/root/.npmrc npm ci
COPY . .
# What the package carries is what the image has. Of the packages it needs, typings, sources and their maps are a third, and
# nothing reads them here.
RUN PATH="$PWD/node_modules/.bin:$PATH" node scripts/build.ts \
  && npm pack --pack-destination /tmp \
  && npm prune --omit=dev --omit=optional \
  && find node_modules -type f \( -name '*.ts' -o -name '*.mts' -o -name '*.cts' -o -name '*.map' -o -name '*.md' \) \
    ! -iname 'licen[cs]e*' ! -iname 'notice*' -delete \
  && rm -rf node_modules/bintrees/test node_modules/bintrees/examples \
  && find node_modules -type d -empty -delete \
  && mkdir /opt/homer \
  && tar -xzf /tmp/homer-*.tgz -C /opt/homer --strip-components=1 \
  && mv node_modules /opt/homer/ \
  && sh /opt/homer/scripts/setup production

# The names of Node's own functions are a seventh of it, and of use to its debuggers only.
RUN apt-get update \
  && apt-get install -y --no-install-recommends binutils \
  && strip --strip-unneeded -o /opt/node /usr/local/bin/node

# Node is the only thing taken from the image that npm comes in: what is not there needs no updates.
FROM ${BASE_IMAGE}
RUN apt-get update \
  && apt-get install -y --no-install-recommends bubblewrap ca-certificates tini \
  && rm -rf /var/lib/apt/lists/* /var/cache/apt/* /var/cache/debconf/*-old /var/log/apt /var/log/dpkg.log
COPY --from=build /opt/node /usr/local/bin/node
COPY --from=build /opt/homer /opt/homer
COPY container/entrypoint /usr/local/bin/homer-entrypoint
COPY container/config.yaml /etc/homer/config.yaml
# All that is kept lies in the user's home: Homer's state directory, and the sessions and sign-ins of agents.
RUN ln -s /opt/homer/homer /usr/local/bin/homer \
  && groupadd --gid 10001 homer \
  && useradd --uid 10001 --gid 10001 --create-home --home-dir /home/homer --shell /bin/bash homer \
  && rm -f /home/homer/.bash* /home/homer/.profile \
  && chmod 0700 /home/homer
USER 10001:10001
ENV HOME=/home/homer
WORKDIR /home/homer
VOLUME /home/homer
EXPOSE 4663
# tini hands the signal on and reaps what runs leave behind. A stop waits for runs first (`drain.timeoutMs`, 30 s), so
# give it more than the ten seconds that are usual: `docker stop --time 60`, or `docker run --stop-timeout 60`.
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s --retries=3 \
  CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.HOMER_PORT || 4663}/readyz`).then((answer) => process.exit(answer.ok ? 0 : 1), () => process.exit(1))"]
ENTRYPOINT ["/usr/bin/tini", "--", "/usr/local/bin/homer-entrypoint"]
CMD ["serve"]
