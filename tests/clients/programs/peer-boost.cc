// SPDX-License-Identifier: MIT
// peer-boost first|second PREFIX
//
// Two processes that meet in Boost.Interprocess: a managed segment with a map in
// it, which both fill, a named mutex, a named condition, a named semaphore, and a
// message queue.
#include <boost/interprocess/allocators/allocator.hpp>
#include <boost/interprocess/containers/map.hpp>
#include <boost/interprocess/ipc/message_queue.hpp>
#include <boost/interprocess/managed_shared_memory.hpp>
#include <boost/interprocess/sync/named_condition.hpp>
#include <boost/interprocess/sync/named_mutex.hpp>
#include <boost/interprocess/sync/scoped_lock.hpp>

#include <iostream>
#include <stdexcept>
#include <string>
#include <unistd.h>

namespace ipc = boost::interprocess;

using Pair = std::pair<const int, int>;
using Memory = ipc::allocator<Pair, ipc::managed_shared_memory::segment_manager>;
using Map = ipc::map<int, int, std::less<int>, Memory>;

static constexpr int entries = 5000;
static constexpr int turns = 1000;

struct Names {
	explicit Names(const std::string &prefix)
	    : segment(prefix + "segment"), mutex(prefix + "mutex"), turned(prefix + "turned"),
	      queue(prefix + "queue")
	{
	}
	std::string segment, mutex, turned, queue;
};

static void require(bool holds, const char *what)
{
	if (!holds)
		throw std::runtime_error(what);
}

// Constructs what may not be there yet.
template <typename Make> static auto eventually(Make make)
{
	for (;;) {
		try {
			return make();
		} catch (const ipc::interprocess_exception &error) {
			if (error.get_error_code() != ipc::not_found_error)
				throw;
			usleep(2000);
		}
	}
}

static void fill(Map &map, int me, ipc::named_mutex &mutex)
{
	for (int i = 0; i < entries; i++) {
		ipc::scoped_lock<ipc::named_mutex> lock(mutex);
		map.emplace(2 * i + me, i);
	}
}

static void take_turns(int &turn, int me, ipc::named_mutex &mutex, ipc::named_condition &turned)
{
	ipc::scoped_lock<ipc::named_mutex> lock(mutex);

	for (int i = 0; i < turns; i++) {
		turned.wait(lock, [&] { return turn % 2 == me; });
		turn++;
		turned.notify_all();
	}
}

static void first(const Names &names)
{
	ipc::managed_shared_memory segment(ipc::create_only, names.segment.c_str(), 4 << 20);
	ipc::named_mutex mutex(ipc::create_only, names.mutex.c_str());
	ipc::named_condition turned(ipc::create_only, names.turned.c_str());
	Map &map = *segment.construct<Map>("map")(std::less<int>(), segment.get_segment_manager());
	int &turn = *segment.construct<int>("turn")(0);
	ipc::message_queue queue(ipc::create_only, names.queue.c_str(), 4, sizeof(int));
	int answer = 0;
	unsigned priority;
	ipc::message_queue::size_type size;

	fill(map, 0, mutex);
	take_turns(turn, 0, mutex, turned);
	queue.receive(&answer, sizeof(answer), size, priority);
	require(answer == 42 && priority == 7, "the message is here");
	require(turn == 2 * turns, "all turns were taken");
	require(map.size() == 2 * entries, "no entry was lost");
	for (int i = 0; i < 2 * entries; i++)
		require(map.at(i) == i / 2, "the entries are right");
	require(ipc::message_queue::remove(names.queue.c_str()), "the queue is removed");
	require(ipc::named_condition::remove(names.turned.c_str()), "the condition is removed");
	require(ipc::named_mutex::remove(names.mutex.c_str()), "the mutex is removed");
	require(ipc::shared_memory_object::remove(names.segment.c_str()), "the segment is removed");
}

static void second(const Names &names)
{
	const int answer = 42;
	// The last that the first makes: with it, all is there.
	auto queue =
		eventually([&] { return ipc::message_queue(ipc::open_only, names.queue.c_str()); });
	ipc::managed_shared_memory segment(ipc::open_only, names.segment.c_str());
	ipc::named_mutex mutex(ipc::open_only, names.mutex.c_str());
	ipc::named_condition turned(ipc::open_only, names.turned.c_str());
	Map *map = segment.find<Map>("map").first;
	int *turn = segment.find<int>("turn").first;

	require(map && turn, "what the first made is found");
	fill(*map, 1, mutex);
	take_turns(*turn, 1, mutex, turned);
	queue.send(&answer, sizeof(answer), 7);
}

int main(int argc, char **argv)
{
	if (argc != 3)
		return 2;
	alarm(40);
	try {
		const Names names(argv[2]);

		argv[1] == std::string("first") ? first(names) : second(names);
	} catch (const std::exception &error) {
		std::cerr << "peer-boost " << argv[1] << ": " << error.what() << "\n";
		return 1;
	}
	return 0;
}
