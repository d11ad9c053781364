"""A sub-stream that brings nothing is replaced by the main stream until it is back."""

from dataclasses import replace

from ingest.video.hub import Hub, Item, StreamEnd
from ingest.video.sub_hub import SubHub
from tests.ingest.video.test_hub import INFO, frame

OWN = replace(INFO, width=32)
INSTEAD = replace(INFO, instead=True)


def a_main_stream() -> Hub:
    main = Hub()
    for item in (INFO, frame(0, True), frame(1)):
        main.publish(item)
    return main


def test_who_watches_gets_the_main_streams_current_gop_and_is_told_that_it_is_the_main_stream() -> None:
    main, got = a_main_stream(), list[Item]()
    hub = SubHub(main)
    hub.subscribe(got.append)
    hub.borrow()
    hub.borrow()
    main.publish(frame(2))
    assert got == [INSTEAD, frame(0, True), frame(1), frame(2)]


def test_who_joins_meanwhile_gets_it_too_and_no_old_picture_of_the_sub_stream() -> None:
    main, got = a_main_stream(), list[Item]()
    hub = SubHub(main)
    hub.publish(OWN)
    hub.publish(frame(7, True))
    hub.borrow()
    leave = hub.subscribe(got.append)
    assert got == [INSTEAD, frame(0, True), frame(1)]
    leave()
    main.publish(frame(2))
    assert len(got) == 3
    assert main.subscribers == hub.subscribers == 0


def test_the_sub_stream_is_taken_up_again_at_its_next_keyframe_with_its_parameters() -> None:
    main, got = a_main_stream(), list[Item]()
    hub = SubHub(main)
    hub.publish(OWN)
    hub.publish(frame(7, True))
    hub.subscribe(got.append)
    hub.borrow()
    got.clear()
    hub.publish(frame(8))
    main.publish(frame(2))
    hub.publish(frame(9, True))
    main.publish(frame(3))
    hub.publish(frame(10))
    assert got == [frame(2), OWN, frame(9, True), frame(10)]
    assert main.subscribers == 0


def test_a_sub_stream_that_connects_anew_is_taken_up_with_its_new_parameters_once() -> None:
    main, got = a_main_stream(), list[Item]()
    hub = SubHub(main)
    hub.subscribe(got.append)
    hub.borrow()
    got.clear()
    for item in (OWN, frame(0, True)):
        hub.publish(item)
    assert got == [OWN, frame(0, True)]


def test_its_end_ends_what_was_lent_too() -> None:
    main, got = a_main_stream(), list[Item]()
    hub = SubHub(main)
    hub.subscribe(got.append)
    hub.borrow()
    got.clear()
    hub.end()
    main.publish(frame(2))
    hub.borrow()
    assert got == [StreamEnd()]
    assert main.subscribers == 0
