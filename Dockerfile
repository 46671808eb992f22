# Scalewise with PyTorch's libtorch, as an ordinary user.
#   docker build --tag scalewise .                                  for CPUs
#   docker build --tag scalewise --build-arg COMPUTE=cu130 .        for NVIDIA's cards: a CUDA build that PyTorch offers
ARG NODE=22

FROM node:${NODE}-bookworm-slim AS build
ARG COMPUTE=cpu
ARG PYTORCH=2.13.0
# hadolint ignore=DL3008
RUN apt-get update \
  && apt-get install --yes --no-install-recommends ca-certificates cmake g++ make python3 python3-venv \
  && rm -rf /var/lib/apt/lists/*
ENV PATH=/opt/torch/bin:$PATH
RUN python3 -m venv /opt/torch \
  && pip install --no-cache-dir "torch==${PYTORCH}" --index-url "https://download.pytorch.org/whl/${COMPUTE}"
WORKDIR /opt/scalewise
COPY . .
RUN npm run setup -- --libtorch system && npm prune --omit=dev

FROM node:${NODE}-bookworm-slim
# the folders lie where the addon was linked against them
COPY --from=build /opt/torch /opt/torch
COPY --from=build /opt/scalewise /opt/scalewise
RUN ln -s /opt/scalewise/bin/scalewise.mjs /usr/local/bin/scalewise
USER 1000
WORKDIR /home/node
ENV SCALEWISE_CACHE=/home/node/.cache/scalewise
ENTRYPOINT ["scalewise"]
CMD ["doctor"]
