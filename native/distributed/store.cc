// c10d's store over TCP: the meeting place of the processes of a job. Every call has a deadline.
#include "distributed.h"

#include <arpa/inet.h>
#include <c10/util/Logging.h>
#include <netdb.h>
#include <sys/socket.h>
#include <torch/csrc/distributed/c10d/PrefixStore.hpp>
#include <torch/csrc/distributed/c10d/TCPStore.hpp>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>

namespace scalewise {
namespace {

struct Addresses {
  addrinfo* first = nullptr;
  Addresses(const std::string& host, const std::string& port, int type, int flags) {
    addrinfo hints{};
    hints.ai_socktype = type;
    hints.ai_flags = flags;
    const int error = getaddrinfo(host.c_str(), port.c_str(), &hints, &first);
    if (error) throw std::runtime_error("no address is known for " + host + ": " + gai_strerror(error));
  }
  ~Addresses() { freeaddrinfo(first); }
};

/// This host's address on the way to another; nothing is sent
std::string addressTowards(const std::string& host) {
  const Addresses addresses(host, "9", SOCK_DGRAM, 0);
  std::string reason;
  for (const addrinfo* one = addresses.first; one; one = one->ai_next) {
    const int descriptor = socket(one->ai_family, SOCK_DGRAM, 0);
    if (descriptor < 0) continue;
    sockaddr_storage own{};
    socklen_t length = sizeof(own);
    const bool found = ::connect(descriptor, one->ai_addr, one->ai_addrlen) == 0 && getsockname(descriptor, reinterpret_cast<sockaddr*>(&own), &length) == 0;
    if (!found) reason = std::strerror(errno);
    close(descriptor);
    char name[NI_MAXHOST];
    if (found && getnameinfo(reinterpret_cast<sockaddr*>(&own), length, name, sizeof(name), nullptr, 0, NI_NUMERICHOST) == 0) return name;
  }
  throw std::runtime_error("no way leads to " + host + ": " + reason);
}

#if TORCH_VERSION_MAJOR >= 2
/// A listening socket on one address of this host
int listenOn(const std::string& address, uint16_t port) {
  const Addresses addresses(address, std::to_string(port), SOCK_STREAM, AI_PASSIVE | AI_NUMERICHOST);
  const int descriptor = socket(addresses.first->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const int on = 1;
  setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
  if (bind(descriptor, addresses.first->ai_addr, addresses.first->ai_addrlen) == 0 && listen(descriptor, 2048) == 0) return descriptor;
  const int error = errno;
  close(descriptor);
  throw std::runtime_error("cannot listen on " + address + ":" + std::to_string(port) + ": " + std::strerror(error));
}

uint16_t portOf(int descriptor) {
  sockaddr_storage own{};
  socklen_t length = sizeof(own);
  getsockname(descriptor, reinterpret_cast<sockaddr*>(&own), &length);
  return ntohs(own.ss_family == AF_INET6 ? reinterpret_cast<sockaddr_in6*>(&own)->sin6_port : reinterpret_cast<sockaddr_in*>(&own)->sin_port);
}
#endif

/// c10d tells in several lines on standard error what becomes one error here.
void quieten() {
  constexpr int errorsOnly = 2;
  if (!std::getenv("TORCH_CPP_LOG_LEVEL")) FLAGS_caffe2_log_level = errorsOnly;
}

}  // namespace

StorePointer connect(const std::string& host, uint16_t port, bool serves, const std::string& address, Milliseconds timeout, uint16_t* bound) {
  quieten();
  c10d::TCPStoreOptions options;
  options.port = port;
  options.isServer = serves;
  options.waitWorkers = false;
  options.timeout = timeout;
#if TORCH_VERSION_MAJOR >= 2
  if (serves && !address.empty()) {
    options.masterListenFd = listenOn(address, port);
    options.port = portOf(*options.masterListenFd);
  }
#else
  (void)address;  // 1.13 listens on every address
#endif
  const auto store = c10::make_intrusive<c10d::TCPStore>(host, options);
  if (bound) *bound = store->getPort();
  return store;
}

namespace {

uint16_t readPort(napi_env env, napi_value value) {
  const int64_t port = readInteger(env, value, "port");
  if (port < 0 || port > 65535) throw Misuse("port: expected 0 to 65535, got " + std::to_string(port));
  return static_cast<uint16_t>(port);
}

/// createStore(host, port, serves, address to listen on or "", prefix, timeout in ms)
napi_value createStore(napi_env env, State&, const Arguments& args) {
  auto access = std::make_shared<StoreAccess>();
  access->host = readString(env, args[0], "host");
  access->port = readPort(env, args[1]);
  const bool serves = readBoolean(env, args[2], "server");
  const std::string address = readString(env, args[3], "address");
  access->prefix = readString(env, args[4], "prefix");
  access->timeout = Milliseconds(readInteger(env, args[5], "timeout"));
  withDeadline(access->timeout + Milliseconds(1000), access->place(), [access, serves, address] {
    const StorePointer store = connect(access->host, access->port, serves, address, access->timeout, &access->port);
    access->store = c10::make_intrusive<c10d::PrefixStore>(access->prefix, store);
    // the first exchange: a store of another version of c10d takes the connection and then does not understand
    access->store->add("hello", 1);
  });
  return makeExternal(env, access);
}

/// The result of `body(store)`; a call that was given up keeps the store alive.
template <class Body>
auto ask(napi_env env, const Arguments& args, Body body) {
  const auto access = readExternal<StoreAccess>(env, args[0]);
  return withDeadline(access->timeout + Milliseconds(1000), access->place(), [store = access->store, body] { return body(*store); });
}

/// storePort(store) -> the port it is served on
napi_value storePort(napi_env env, State&, const Arguments& args) { return makeNumber(env, readExternal<StoreAccess>(env, args[0])->port); }

/// storeSet(store, key, value)
napi_value storeSet(napi_env env, State&, const Arguments& args) {
  const std::string key = readString(env, args[1], "key"), value = readString(env, args[2], "value");
  ask(env, args, [key, value](c10d::Store& store) { store.set(key, std::vector<uint8_t>(value.begin(), value.end())); });
  return nullptr;
}

/// storeGet(store, key) -> its value, waited for
napi_value storeGet(napi_env env, State&, const Arguments& args) {
  const std::string key = readString(env, args[1], "key");
  const std::vector<uint8_t> value = ask(env, args, [key](c10d::Store& store) { return store.get(key); });
  return makeString(env, std::string(value.begin(), value.end()));
}

/// storeAdd(store, key, n) -> the sum so far
napi_value storeAdd(napi_env env, State&, const Arguments& args) {
  const std::string key = readString(env, args[1], "key");
  const int64_t amount = readInteger(env, args[2], "amount");
  return makeNumber(env, static_cast<double>(ask(env, args, [key, amount](c10d::Store& store) { return store.add(key, amount); })));
}

/// storeCheck(store, key) -> whether it is there
napi_value storeCheck(napi_env env, State&, const Arguments& args) {
  const std::string key = readString(env, args[1], "key");
  return makeBoolean(env, ask(env, args, [key](c10d::Store& store) { return store.check({key}); }));
}

/// closeStore(store)
napi_value closeStore(napi_env env, State&, const Arguments& args) {
  const auto access = std::move(readExternal<StoreAccess>(env, args[0]));
  withDeadline(access->timeout, access->place(), [access] { access->store.reset(); });
  return nullptr;
}

/// ownAddress(host) -> this host's address on the way to it
napi_value ownAddress(napi_env env, State&, const Arguments& args) { return makeString(env, addressTowards(readString(env, args[0], "host"))); }

}  // namespace

std::vector<Entry> storeEntries() {
  return {{"createStore", entry<createStore>}, {"storePort", entry<storePort>},   {"storeSet", entry<storeSet>}, {"storeGet", entry<storeGet>},
          {"storeAdd", entry<storeAdd>},       {"storeCheck", entry<storeCheck>}, {"closeStore", entry<closeStore>}, {"ownAddress", entry<ownAddress>}};
}

}  // namespace scalewise
