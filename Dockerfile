# prunescape with everything that a run needs; results go to the folder mounted at /mount:
#
#     docker build --tag prunescape .
#     docker run --rm --user "$(id -u):$(id -g)" --volume "$PWD:/mount" prunescape --cores all
#
# More options of Snakemake follow, such as --configfile /mount/mine.yaml; with the NVIDIA container
# toolkit, --gpus all before the image's name shows it the GPUs. docs/cluster.md has more.
FROM python:3.11-slim-bookworm

WORKDIR /prunescape
COPY requirements.txt constraints.txt ./
RUN python -m pip install --no-cache-dir --requirement requirements.txt --constraint constraints.txt

COPY Snakefile config.yaml ./
COPY config config
COPY envs envs
COPY profiles profiles
COPY workflow workflow

# Any user may run it: nothing is written here, and caches go where all may write.
ENV HOME=/tmp
RUN mkdir -m 1777 /mount
USER 65534:65534
ENTRYPOINT ["snakemake", "--snakefile", "/prunescape/Snakefile", "--directory", "/mount"]
CMD ["--cores", "all"]
