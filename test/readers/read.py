"""What TensorBoard's own reader finds in a folder of event files, or Prometheus' own parser in a file of its text format: as JSON."""
import base64
import json
import sys


def tensorboard(folder):
    from tensorboard.backend.event_processing import event_accumulator

    everything = {event_accumulator.SCALARS: 0, event_accumulator.IMAGES: 0}
    events = event_accumulator.EventAccumulator(folder, size_guidance=everything, purge_orphaned_data=True)
    events.Reload()
    tags = events.Tags()
    scalars = {tag: [[one.step, one.value] for one in events.Scalars(tag)] for tag in tags["scalars"]}
    images = {
        tag: [
            [one.step, one.width, one.height, base64.b64encode(one.encoded_image_string).decode()]
            for one in events.Images(tag)
        ]
        for tag in tags["images"]
    }
    return {"scalars": scalars, "images": images, "firstTime": events.FirstEventTimestamp()}


def prometheus(path):
    from prometheus_client.parser import text_string_to_metric_families

    with open(path, encoding="utf-8") as file:
        families = list(text_string_to_metric_families(file.read()))
    return [
        [family.name, family.type, family.documentation, sample.labels, repr(float(sample.value))]
        for family in families
        for sample in family.samples
    ]


print(json.dumps({"tensorboard": tensorboard, "prometheus": prometheus}[sys.argv[1]](sys.argv[2])))
