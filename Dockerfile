# syntax=docker/dockerfile:1
# docker build -t mocksrv . && docker run --rm -p 8080:8080 mocksrv
#
# Every option of `mocksrv serve` is an environment variable (MOCKSRV_SEED, MOCKSRV_SIZE ...) or an argument:
#   docker run --rm -p 8080:8080 -v mocksrv:/data mocksrv serve --data /data/world.json
# The control plane answers loopback only; give MOCKSRV_TOKEN to reach it from outside the container.

FROM python:3.13-slim AS build
WORKDIR /source
COPY pyproject.toml README.md LICENSE ./
COPY fixtures fixtures
COPY mocksrv mocksrv
RUN python -m venv --without-pip /opt/mocksrv \
    && pip --python /opt/mocksrv/bin/python install --no-cache-dir --only-binary httptools,orjson .

FROM python:3.13-slim
COPY --from=build /opt/mocksrv /opt/mocksrv
RUN install --directory --owner 10001 --group 10001 /data
ENV PATH=/opt/mocksrv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    MOCKSRV_HOST=0.0.0.0 \
    MOCKSRV_PORT=8080
WORKDIR /data
USER 10001:10001
EXPOSE 8080
HEALTHCHECK --interval=2s --timeout=3s --start-period=10s CMD ["python", "-c", "\
import os; from http.client import HTTPConnection; \
loopback = HTTPConnection('127.0.0.1', int(os.environ['MOCKSRV_PORT']), timeout=2); \
loopback.request('GET', '/_mocksrv/health'); \
raise SystemExit(loopback.getresponse().status != 200)"]
ENTRYPOINT ["mocksrv"]
CMD ["serve"]
