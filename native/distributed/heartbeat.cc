// Signs of life. Each process bumps a counter of its own in the store every second, on a thread and a connection of its own, so that it lives on
// while JavaScript waits. When a collective fails, the counters that stand still name who is gone.
#include "distributed.h"

#include <torch/csrc/distributed/c10d/PrefixStore.hpp>

#include <condition_variable>
#include <mutex>
#include <sstream>

namespace scalewise {
namespace {

constexpr Milliseconds kBeat{1000};
constexpr int kBeatsOfSilence = 3;

std::string aliveKey(int rank) { return "alive/" + std::to_string(rank); }

struct Heart {
  std::shared_ptr<StoreAccess> access;
  int rank = 0, size = 1;

  std::mutex mutex;
  std::condition_variable changed;
  bool stopped = false;
  bool asked = false;           // somebody waits for a census
  bool lost = false;            // the store is gone
  std::chrono::steady_clock::time_point last = std::chrono::steady_clock::now();  // when the store last answered
  bool found = false;           // a census was made, here or by another rank
  std::vector<int64_t> silent;  // its result

  bool storeIsSilent() const { return std::chrono::steady_clock::now() - last > kBeatsOfSilence * kBeat + kBeat / 2; }

  void conclude(std::vector<int64_t> ranks) {
    const std::lock_guard<std::mutex> lock(mutex);
    silent = std::move(ranks);
    found = true;
    changed.notify_all();
  }
};

/// Two readings of all counters, some beats apart.
class Census {
 public:
  /// Called every beat -> whether it is complete; then `silent` holds the ranks whose counters stood still.
  bool step(c10d::Store& store, int size) {
    if (beats_++ == 0) before_ = counters(store, size);
    if (beats_ <= kBeatsOfSilence) return false;
    const std::vector<int64_t> now = counters(store, size);
    for (int rank = 0; rank < size; ++rank)
      if (now[rank] == before_[rank]) silent.push_back(rank);
    return true;
  }
  std::vector<int64_t> silent;

 private:
  static std::vector<int64_t> counters(c10d::Store& store, int size) {
    std::vector<int64_t> counts;
    for (int rank = 0; rank < size; ++rank) counts.push_back(store.add(aliveKey(rank), 0));
    return counts;
  }
  std::vector<int64_t> before_;
  int beats_ = 0;
};

void publish(c10d::Store& store, const std::vector<int64_t>& ranks) {
  std::string text;
  for (const int64_t rank : ranks) text += std::to_string(rank) + " ";
  store.set("silent", std::vector<uint8_t>(text.begin(), text.end()));
}

std::vector<int64_t> published(c10d::Store& store) {
  const std::vector<uint8_t> text = store.get("silent");
  std::istringstream words(std::string(text.begin(), text.end()));
  std::vector<int64_t> ranks;
  for (int64_t rank; words >> rank;) ranks.push_back(rank);
  return ranks;
}

/// Beats until it is stopped or the store fails. What a census finds is left in the store for the other ranks, which may come to ask
/// when whoever serves the store has ended already.
void beat(Heart& heart) {
  const StoreAccess& access = *heart.access;
  c10d::PrefixStore store(access.prefix, connect(access.host, access.port, false, "", access.timeout));
  Census census;
  std::unique_lock<std::mutex> lock(heart.mutex);
  do {
    const bool wanted = heart.asked, open = !heart.found;
    lock.unlock();
    store.add(aliveKey(heart.rank), 1);
    if (open && store.check({"silent"})) heart.conclude(published(store));
    else if (open && wanted && census.step(store, heart.size)) {
      if (!census.silent.empty()) publish(store, census.silent);
      heart.conclude(census.silent);
    }
    lock.lock();
    heart.last = std::chrono::steady_clock::now();
  } while (!heart.changed.wait_for(lock, kBeat, [&] { return heart.stopped; }));
}

/// startHeartbeat(store, rank, size)
napi_value startHeartbeat(napi_env env, State&, const Arguments& args) {
  auto heart = std::make_shared<Heart>();
  heart->access = readExternal<StoreAccess>(env, args[0]);
  heart->rank = static_cast<int>(readInteger(env, args[1], "rank"));
  heart->size = static_cast<int>(readInteger(env, args[2], "size"));
  std::thread([heart] {
    try {
      beat(*heart);
    } catch (const std::exception&) {  // the store is gone: whoever asks is told
    }
    const std::lock_guard<std::mutex> lock(heart->mutex);
    heart->lost = true;
    heart->changed.notify_all();
  }).detach();
  return makeExternal(env, heart);
}

/// silentRanks(heartbeat) -> ranks that gave no sign of life for some seconds; null where the store itself gives none
napi_value silentRanks(napi_env env, State&, const Arguments& args) {
  const auto heart = readExternal<Heart>(env, args[0]);
  std::unique_lock<std::mutex> lock(heart->mutex);
  heart->asked = true;
  while (!heart->found && !heart->lost && !heart->storeIsSilent()) heart->changed.wait_for(lock, kBeat / 10);
  if (!heart->found) return makeNull(env);
  return makeIntegers(env, heart->silent);
}

/// stopHeartbeat(heartbeat)
napi_value stopHeartbeat(napi_env env, State&, const Arguments& args) {
  const auto heart = std::move(readExternal<Heart>(env, args[0]));
  const std::lock_guard<std::mutex> lock(heart->mutex);
  heart->stopped = true;
  heart->changed.notify_all();
  return nullptr;
}

}  // namespace

std::vector<Entry> heartbeatEntries() {
  return {{"startHeartbeat", entry<startHeartbeat>}, {"silentRanks", entry<silentRanks>}, {"stopHeartbeat", entry<stopHeartbeat>}};
}

}  // namespace scalewise
