# docker build -t radish-router -f docs/deploy/router.Dockerfile docs/deploy
#
# SGLang's router, as its authors publish it: it sends requests that begin alike to the same server.
FROM python:3.12-slim
RUN pip install --no-cache-dir sglang-router==0.3.2 \
  && useradd --system --uid 1000 router
USER router
EXPOSE 8000
ENTRYPOINT ["python", "-m", "sglang_router.launch_router"]
