# syntax=docker/dockerfile:1
# docker build -t mocksrv . && docker run --rm -p 8080:8080 mocksrv
#
# Every option of `mocksrv serve` is an environment variable (MOCKSRV_SEED, MOCKSRV_SIZE ...) or an argument:
#   docker run --rm -p 8080:8080 -v mocksrv:/data mocksrv serve --data /data/world.json
#   docker run --rm -p 8080:8080 -v mocksrv:/data -e MOCKSRV_TLS=/data/tls mocksrv     # TLS; the CA is in /data/tls
# The control plane answers loopback only; give MOCKSRV_TOKEN to reach it from outside the container.

FROM python:3.13-slim AS build
WORKDIR /source
COPY pyproject.toml README.md LICENSE ./
COPY fixtures fixtures
COPY mocksrv mocksrv
# What is installed is this project itself, not a package to pin.
# hadolint ignore=DL3013
RUN python -m venv --without-pip /opt/mocksrv \
    && pip --python /opt/mocksrv/bin/python install --no-cache-dir --only-binary cryptography,httptools,orjson '.[tls]'

FROM python:3.13-slim
COPY --from=build /opt/mocksrv /opt/mocksrv
RUN install --directory --owner 10001 --group 10001 /data
ENV PATH=/opt/mocksrv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    MOCKSRV_HOST=0.0.0.0 \
    MOCKSRV_PORT=8080 \
    MOCKSRV_URL_FILE=/dev/shm/mocksrv.url
WORKDIR /data
USER 10001:10001
EXPOSE 8080
HEALTHCHECK --interval=2s --timeout=6s --start-period=10s CMD ["python", "-m", "mocksrv.serving.health"]
ENTRYPOINT ["mocksrv"]
CMD ["serve"]
