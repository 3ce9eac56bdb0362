// SPDX-License-Identifier: MIT
// fastdds first|second PREFIX
//
// Fast DDS with its shared memory transport and no other: not even discovery has
// another way. The first publishes images, the second looks at each pixel of them.
// The names of its objects are its own; PREFIX is not used.
#include <fastdds/dds/domain/DomainParticipant.hpp>
#include <fastdds/dds/domain/DomainParticipantFactory.hpp>
#include <fastdds/dds/publisher/DataWriter.hpp>
#include <fastdds/dds/publisher/Publisher.hpp>
#include <fastdds/dds/subscriber/DataReader.hpp>
#include <fastdds/dds/subscriber/SampleInfo.hpp>
#include <fastdds/dds/subscriber/Subscriber.hpp>
#include <fastdds/dds/topic/TopicDataType.hpp>
#include <fastdds/rtps/transport/shared_mem/SharedMemTransportDescriptor.h>

#include <cstring>
#include <iostream>
#include <stdexcept>
#include <string>
#include <unistd.h>

namespace fdds = eprosima::fastdds::dds;
namespace rtps = eprosima::fastrtps::rtps;

static constexpr unsigned images = 100;
static constexpr unsigned pixels = 200000;

struct Image {
	unsigned number;
	unsigned char pixel[pixels];
};

static void require(bool holds, const char *what)
{
	if (!holds)
		throw std::runtime_error(what);
}

class ImageType : public fdds::TopicDataType
{
      public:
	ImageType()
	{
		setName("Image");
		m_typeSize = sizeof(Image) + 4;
		m_isGetKeyDefined = false;
	}
	bool serialize(void *data, rtps::SerializedPayload_t *payload) override
	{
		std::memcpy(payload->data, data, sizeof(Image));
		payload->length = sizeof(Image);
		return true;
	}
	bool deserialize(rtps::SerializedPayload_t *payload, void *data) override
	{
		std::memcpy(data, payload->data, sizeof(Image));
		return payload->length == sizeof(Image);
	}
	std::function<uint32_t()> getSerializedSizeProvider(void *) override
	{
		return [] { return static_cast<uint32_t>(sizeof(Image)); };
	}
	void *createData() override
	{
		return new Image;
	}
	void deleteData(void *data) override
	{
		delete static_cast<Image *>(data);
	}
	bool getKey(void *, rtps::InstanceHandle_t *, bool) override
	{
		return false;
	}
};

static fdds::DomainParticipant *make_participant()
{
	fdds::DomainParticipantQos qos;
	auto memory = std::make_shared<eprosima::fastdds::rtps::SharedMemTransportDescriptor>();

	memory->segment_size(8 << 20);
	qos.transport().use_builtin_transports = false;
	qos.transport().user_transports.push_back(memory);
	return fdds::DomainParticipantFactory::get_instance()->create_participant(0, qos);
}

// The quality of service of both ends: nothing may be lost.
template <typename Qos> static Qos lossless(Qos qos)
{
	qos.reliability().kind = fdds::RELIABLE_RELIABILITY_QOS;
	qos.durability().kind = fdds::TRANSIENT_LOCAL_DURABILITY_QOS;
	qos.history().kind = fdds::KEEP_ALL_HISTORY_QOS;
	qos.data_sharing().off();
	return qos;
}

static void paint(Image &image, unsigned number)
{
	image.number = number;
	for (unsigned i = 0; i < pixels; i++)
		image.pixel[i] = static_cast<unsigned char>(i * 7 + number);
}

static void publish(fdds::DomainParticipant &participant, fdds::Topic *topic)
{
	auto *publisher = participant.create_publisher(fdds::PUBLISHER_QOS_DEFAULT);
	auto *writer = publisher->create_datawriter(topic, lossless(fdds::DATAWRITER_QOS_DEFAULT));
	auto image = std::make_unique<Image>();
	fdds::PublicationMatchedStatus matched;

	do {
		usleep(10000);
		writer->get_publication_matched_status(matched);
	} while (matched.current_count == 0);
	for (unsigned number = 0; number < images; number++) {
		paint(*image, number);
		require(writer->write(image.get()), "an image is written");
	}
	require(writer->wait_for_acknowledgments({ 30, 0 }) == ReturnCode_t::RETCODE_OK,
		"all images are acknowledged");
}

static void subscribe(fdds::DomainParticipant &participant, fdds::Topic *topic)
{
	auto *subscriber = participant.create_subscriber(fdds::SUBSCRIBER_QOS_DEFAULT);
	auto *reader = subscriber->create_datareader(topic, lossless(fdds::DATAREADER_QOS_DEFAULT));
	auto image = std::make_unique<Image>(), expected = std::make_unique<Image>();
	fdds::SampleInfo info;

	for (unsigned number = 0; number < images;) {
		require(reader->wait_for_unread_message({ 30, 0 }), "an image comes");
		require(reader->take_next_sample(image.get(), &info) == ReturnCode_t::RETCODE_OK,
			"an image is taken");
		if (!info.valid_data)
			continue;
		paint(*expected, number++);
		require(std::memcmp(image.get(), expected.get(), sizeof(Image)) == 0,
			"the image is what was published");
	}
	// The writer hears of the last one while this process is there.
	sleep(1);
}

int main(int argc, char **argv)
{
	if (argc != 3)
		return 2;
	alarm(40);
	try {
		fdds::TypeSupport type(new ImageType);
		auto *participant = make_participant();

		require(participant, "there is a participant");
		type.register_type(participant);
		auto *topic = participant->create_topic("images", "Image", fdds::TOPIC_QOS_DEFAULT);

		argv[1] == std::string("first") ? publish(*participant, topic)
						: subscribe(*participant, topic);
		participant->delete_contained_entities();
		fdds::DomainParticipantFactory::get_instance()->delete_participant(participant);
	} catch (const std::exception &error) {
		std::cerr << "fastdds " << argv[1] << ": " << error.what() << "\n";
		return 1;
	}
	return 0;
}
