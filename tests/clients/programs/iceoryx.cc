// SPDX-License-Identifier: MIT
// iceoryx first|second PREFIX
//
// iceoryx: the first publishes images without a copy, the second looks at them. Both
// need a running iox-roudi and share its /tmp. The names of its objects are its own;
// PREFIX is not used.
#include <iceoryx_posh/popo/publisher.hpp>
#include <iceoryx_posh/popo/subscriber.hpp>
#include <iceoryx_posh/runtime/posh_runtime.hpp>

#include <cstring>
#include <iostream>
#include <string>
#include <unistd.h>

static constexpr unsigned images = 1000;

struct Image {
	unsigned number;
	unsigned char pixel[60000];
};

static const iox::capro::ServiceDescription service{ "Camera", "Left", "Image" };

static unsigned char colour_of(unsigned number)
{
	return static_cast<unsigned char>(number * 7 + 1);
}

// Neither side drops an image.
static int publish()
{
	iox::popo::PublisherOptions options;

	options.subscriberTooSlowPolicy = iox::popo::ConsumerTooSlowPolicy::WAIT_FOR_CONSUMER;
	iox::popo::Publisher<Image> publisher(service, options);
	while (!publisher.hasSubscribers())
		usleep(2000);
	for (unsigned number = 0; number < images;) {
		publisher.loan()
			.and_then([&](auto &image) {
				image->number = number;
				std::memset(image->pixel, colour_of(number), sizeof(image->pixel));
				image.publish();
				number++;
			})
			.or_else([](auto &) { usleep(1000); });
	}
	// What is published goes with the publisher: until the other has it all.
	while (publisher.hasSubscribers())
		usleep(2000);
	return 0;
}

static bool is_right(const Image &image, unsigned number)
{
	for (unsigned char pixel : image.pixel)
		if (pixel != colour_of(number))
			return false;
	return image.number == number;
}

static int subscribe()
{
	iox::popo::SubscriberOptions options;
	unsigned number = 0;
	bool right = true;

	options.queueFullPolicy = iox::popo::QueueFullPolicy::BLOCK_PRODUCER;
	iox::popo::Subscriber<Image> subscriber(service, options);
	while (right && number < images)
		subscriber.take()
			.and_then([&](auto &image) { right = is_right(*image, number++); })
			.or_else([](auto &) { usleep(500); });
	if (!right)
		std::cerr << "image " << number - 1 << " is not what was published\n";
	return right ? 0 : 1;
}

int main(int argc, char **argv)
{
	if (argc != 3)
		return 2;
	alarm(40);
	const bool first = argv[1] == std::string("first");

	iox::runtime::PoshRuntime::initRuntime(first ? iox::RuntimeName_t("publisher")
						     : iox::RuntimeName_t("subscriber"));
	return first ? publish() : subscribe();
}
