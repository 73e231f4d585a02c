import naive_data as naive
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_array_equal
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.pipeline import make_pipeline
from strategies import examples

from fastsp.encoders import BinaryImageEncoder, ImageAugmenter
from fastsp.kernels.images import Moves, rotate_shift


def random_images(seed, n, n_pixels, dtype=np.uint8):
    return np.random.default_rng(seed).integers(0, 100, (n, n_pixels)).astype(dtype)


# --- encoder ---


@given(
    st.integers(0, 2**32), st.integers(1, 5), st.integers(1, 70), st.sampled_from(["on", "on_off"])
)
@pytest.mark.core
@examples(25)
def test_bits_are_those_of_plain_loops(seed, n, n_pixels, channels):
    images = random_images(seed, n, n_pixels)
    bits = BinaryImageEncoder(channels).fit_transform(images)
    assert bits.dtype == np.uint8
    assert_array_equal(bits, [naive.encode(image.tolist(), channels) for image in images])


@pytest.mark.parametrize(
    "dtype", ["u1", "i1", "u2", "i4", ">i4", "i8", "u8", "f2", "f4", "f8", "longdouble"]
)
def test_bits_do_not_depend_on_the_number_type(dtype):
    images = random_images(1, 20, 36)
    expected = BinaryImageEncoder().fit_transform(images)
    assert_array_equal(BinaryImageEncoder().fit_transform(images.astype(dtype)), expected)


def test_booleans_keep_their_value_as_on_bits():
    images = np.array([[True, False, False], [True, True, False]])
    assert_array_equal(BinaryImageEncoder("on").fit_transform(images), images)


@pytest.mark.parametrize("value", [0, 0.1, -0.3, 7, 2**62])
def test_a_constant_image_is_on_everywhere(value):
    # The float64 mean of 784 times 0.1 is larger than 0.1.
    assert BinaryImageEncoder("on").fit_transform(np.full((1, 784), value)).all()


def test_integers_beyond_float64_are_compared_exactly():
    image = np.array([[2**60, 2**60 + 1]])
    assert_array_equal(BinaryImageEncoder("on").fit_transform(image), [[0, 1]])


def test_on_bits_of_negative_values():
    assert_array_equal(BinaryImageEncoder("on").fit_transform([[-3, -2, -2]]), [[0, 1, 1]])


def test_feature_names_say_pixel_and_channel():
    encoder = BinaryImageEncoder().fit([[0, 1]])
    assert list(encoder.get_feature_names_out()) == ["x0_on", "x0_off", "x1_on", "x1_off"]
    names = BinaryImageEncoder("on").fit([[0, 1]]).get_feature_names_out(["a", "b"])
    assert list(names) == ["a_on", "b_on"]


@pytest.mark.parametrize("channels", ["off", None, 2, ["on"]])
def test_unknown_channels_are_refused(channels):
    with pytest.raises(ValueError, match="channels must be one of"):
        BinaryImageEncoder(channels).fit([[0, 1]])


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_values_that_are_not_finite_are_refused(value):
    for transformer in (BinaryImageEncoder(), ImageAugmenter(image_shape=(1, -1))):
        with pytest.raises(ValueError, match=r"NaN|infinity"):
            transformer.fit([[0.0, value]])


# --- augmenter ---


def moved(images, shape, angles, shifts_y, shifts_x):
    out = np.full_like(images, 77)
    angles, shifts_y, shifts_x = (np.asarray(a, float) for a in (angles, shifts_y, shifts_x))
    moves = Moves(np.cos(angles), np.sin(angles), shifts_y, shifts_x)
    rotate_shift(images, *shape, moves, out)
    return out


@given(st.integers(0, 2**32), st.integers(1, 4), st.integers(1, 20), st.integers(1, 20))
@pytest.mark.core
@examples(25)
def test_moved_pixels_are_those_of_plain_loops(seed, n, height, width):
    images = random_images(seed, n, height * width)
    generator = np.random.default_rng(seed)
    angles = generator.uniform(-4, 4, n)
    shifts_y, shifts_x = generator.uniform(-5, 5, (2, n))
    expected = [
        naive.rotate_shift(image.reshape(height, width), *how).ravel()
        for image, *how in zip(images, angles, shifts_y, shifts_x, strict=True)
    ]
    assert_array_equal(moved(images, (height, width), angles, shifts_y, shifts_x), expected)


def test_no_angle_and_no_shift_copy_the_image():
    for shape in ((28, 28), (5, 8)):
        images = random_images(0, 3, shape[0] * shape[1])
        assert_array_equal(moved(images, shape, [0] * 3, [0] * 3, [0] * 3), images)


def test_a_positive_angle_turns_counter_clockwise():
    for side in (6, 7):
        image = random_images(0, 1, side * side)
        expected = np.rot90(image.reshape(side, side)).reshape(1, -1)
        assert_array_equal(moved(image, (side, side), [np.pi / 2], [0], [0]), expected)


def test_positive_shifts_go_down_and_right_and_zeros_come_in():
    image = np.arange(1, 10, dtype=np.uint8).reshape(1, 9)
    expected = [[0, 0, 0, 0, 1, 2, 0, 4, 5]]
    assert_array_equal(moved(image, (3, 3), [0], [1], [1]), expected)


@pytest.mark.parametrize("dtype", ["?", "u1", "i2", ">i4", "u8", "f2", "f4", "f8"])
def test_the_number_type_is_kept_and_changes_nothing(dtype):
    images = random_images(3, 10, 49) % 2
    expected = ImageAugmenter(random_state=5).fit_transform(images)
    augmented = ImageAugmenter(random_state=5).fit_transform(images.astype(dtype))
    assert augmented.dtype == dtype
    assert_array_equal(augmented, expected)


@given(st.lists(st.integers(1, 7), min_size=1, max_size=5))
@pytest.mark.core
@examples(25)
def test_cutting_a_stream_into_calls_changes_nothing(sizes):
    images = random_images(4, sum(sizes), 64)
    whole = ImageAugmenter(random_state=9).augment(images)
    augmenter = ImageAugmenter(random_state=9)
    parts = [augmenter.augment(part) for part in np.split(images, np.cumsum(sizes)[:-1])]
    assert_array_equal(np.concatenate(parts), whole)


def test_each_call_draws_anew_and_fit_starts_again():
    images = random_images(5, 20, 100)
    augmenter = ImageAugmenter(random_state=1)
    first = augmenter.fit_transform(images)
    assert (augmenter.augment(images) != first).any()
    assert_array_equal(augmenter.fit(images).augment(images), first)


@pytest.mark.parametrize("kind", [np.random.default_rng, np.random.RandomState])
def test_a_generator_object_is_a_random_state(kind):
    images = random_images(5, 20, 100)
    first, again = (ImageAugmenter(random_state=kind(3)).fit_transform(images) for _ in range(2))
    assert_array_equal(first, again)
    assert (first != images).any()


def test_a_pipeline_augments_only_what_it_is_fitted_on():
    images = random_images(6, 20, 100)
    plain = BinaryImageEncoder().fit_transform(images)
    pipeline = make_pipeline(ImageAugmenter(random_state=0), BinaryImageEncoder())
    assert (pipeline.fit_transform(images) != plain).any()
    assert_array_equal(pipeline.transform(images), plain)


def test_transform_before_fit_is_refused():
    with pytest.raises(NotFittedError):
        ImageAugmenter().transform([[0]])


def test_shifts_stay_in_their_range():
    image = np.zeros((1, 21 * 21), np.uint8)
    image[0, 10 * 21 + 10] = 1
    augmenter = ImageAugmenter(max_rotation=0, max_shift=3, random_state=0)
    pixels = augmenter.fit_transform(np.repeat(image, 500, axis=0)).argmax(axis=1)
    rows, columns = np.divmod(pixels, 21)
    assert set(rows) == set(columns) == set(range(7, 14))


def test_a_shift_far_beyond_the_image_leaves_nothing():
    augmenter = ImageAugmenter(max_shift=1e300, random_state=0)
    assert not augmenter.fit_transform(np.ones((3, 16))).any()


def test_one_side_of_the_image_may_be_left_open():
    images = random_images(7, 5, 24)
    expected = ImageAugmenter(image_shape=(4, 6), random_state=0).fit_transform(images)
    for shape in ((4, -1), [-1, 6]):
        augmenter = ImageAugmenter(image_shape=shape, random_state=0)
        assert_array_equal(augmenter.fit_transform(images), expected)
        assert augmenter.image_shape_ == (4, 6)
        assert clone(augmenter).image_shape == shape


@pytest.mark.parametrize("shape", [None, (3, 3), (-1, -1), (-1, 5), (12,), (3, 4, 1), 12, (3, 4.0)])
def test_a_shape_that_does_not_fit_is_refused(shape):
    with pytest.raises(ValueError, match="image_shape must"):
        ImageAugmenter(image_shape=shape).fit(np.zeros((1, 12)))


@pytest.mark.parametrize("value", [-1, np.nan, np.inf, "2", None])
@pytest.mark.parametrize("name", ["max_rotation", "max_shift"])
def test_ranges_out_of_range_are_refused(name, value):
    with pytest.raises(ValueError, match=f"{name} must be"):
        ImageAugmenter(**{name: value}).fit(np.zeros((1, 9)))


def test_a_random_state_of_another_kind_is_refused():
    with pytest.raises(ValueError, match="random_state must be"):
        ImageAugmenter(random_state="1").fit(np.zeros((1, 9)))


def test_a_fit_that_fails_leaves_the_augmenter_as_it_was():
    images = random_images(8, 4, 16)
    augmenter = ImageAugmenter(random_state=0).fit(images)
    with pytest.raises(ValueError, match="image_shape"):
        augmenter.fit(np.zeros((1, 15)))
    expected = ImageAugmenter(random_state=0).fit_transform(images)
    assert_array_equal(augmenter.augment(images), expected)
