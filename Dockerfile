# The image: the locked dependencies and the bridge, byte-compiled, and nothing that builds them.
#
# BASE is any Debian-like image with Python 3.11 or newer at /usr/bin/python3 or /usr/local/bin/python3; no shell of it is
# used at run time. Alpine is none: google-re2 has no wheel for musl. A release pins it by digest.
ARG BASE=docker.io/library/python:3.13-slim-trixie

FROM ${BASE} AS build
ARG UV_VERSION=0.13.9
WORKDIR /src
RUN python3 -m venv /opt/uv && /opt/uv/bin/pip install --no-cache-dir --quiet "uv==${UV_VERSION}"
ENV UV_PYTHON_DOWNLOADS=never UV_PROJECT_ENVIRONMENT=/opt/idp-bridge UV_COMPILE_BYTECODE=1 UV_LINK_MODE=copy UV_NO_CACHE=1 UV_SYSTEM_CERTS=1
# The dependencies first: they change more rarely than the bridge.
COPY pyproject.toml uv.lock ./
RUN /opt/uv/bin/uv sync --quiet --locked --no-dev --no-install-project --extra cel --extra valkey --extra otel
COPY README.md LICENSE ./
COPY bridge bridge
RUN /opt/uv/bin/uv sync --quiet --locked --no-dev --no-editable --extra cel --extra valkey --extra otel

FROM ${BASE}
ARG VERSION=0.1.0
ARG REVISION=unknown
LABEL org.opencontainers.image.title="idp-bridge" \
      org.opencontainers.image.description="Answers CX Genie's Custom Authentication callback from your identity provider's tokens" \
      org.opencontainers.image.source="https://github.com/cxgenie-idp-bridge/idp-bridge" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"
COPY --from=build /opt/idp-bridge /opt/idp-bridge
ENV PATH=/opt/idp-bridge/bin:/usr/local/bin:/usr/bin:/bin PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1
# A number, so that Kubernetes can see that it is not root.
USER 65532:65532
EXPOSE 8080 9090
HEALTHCHECK --interval=10s --timeout=3s --start-period=10s CMD ["idp-bridge", "healthcheck"]
ENTRYPOINT ["idp-bridge"]
CMD ["serve", "--config", "/etc/idp-bridge/bridge.yaml", "--admin-host", "0.0.0.0"]
