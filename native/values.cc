// JavaScript values to IValues by an operator's schema, and back: see values.h.
#include "values.h"

#include <ATen/core/List.h>

#include <algorithm>
#include <cmath>
#include <iterator>
#include <string_view>

#include "guard.h"

namespace scalewise {
namespace {

constexpr double kTwo63 = 9223372036854775808.0;
constexpr double kLargestSafeInteger = 9007199254740991.0;
constexpr int64_t kHighestCount = 1 << 16;
/// Arguments that say how many of something there are to be, which libtorch makes without asking or multiplies until they wrap around.
constexpr std::string_view kCounts[] = {"chunks", "downscale_factor", "r", "sections", "upscale_factor"};
constexpr uint32_t kLongestList = 1 << 20;  // a sparse array of 2^32 - 1 elements is one line of JavaScript

Kind kindOf(const c10::TypePtr& type) {
  switch (type->kind()) {
    case c10::TypeKind::TensorType: return Kind::Tensor;
    case c10::TypeKind::IntType:
    case c10::TypeKind::SymIntType: return Kind::Integer;
    case c10::TypeKind::ScalarTypeType: return Kind::ScalarType;
    case c10::TypeKind::LayoutType: return Kind::Layout;
    case c10::TypeKind::MemoryFormatType: return Kind::MemoryFormat;
    case c10::TypeKind::FloatType: return Kind::Float;
    case c10::TypeKind::NumberType: return Kind::Scalar;
    case c10::TypeKind::BoolType: return Kind::Boolean;
    case c10::TypeKind::StringType: return Kind::String;
    case c10::TypeKind::DeviceObjType: return Kind::Device;
    case c10::TypeKind::GeneratorType: return Kind::Generator;
    case c10::TypeKind::ListType: return Kind::List;
    default: return Kind::Unsupported;
  }
}

c10::TypePtr withoutOptional(const c10::TypePtr& type, bool& optional) {
  optional = type->kind() == c10::TypeKind::OptionalType;
  return optional ? type->expectRef<c10::OptionalType>().getElementType() : type;
}

ArgumentPlan planArgument(const c10::Argument& argument) {
  ArgumentPlan plan;
  plan.name = argument.name();
  // real_type() still tells dtypes and memory formats from plain integers
  const c10::TypePtr type = withoutOptional(argument.real_type(), plan.optional);
  plan.type = argument.real_type()->str();
  plan.kind = kindOf(type);
  if (plan.kind == Kind::List) {
    plan.elementType = type->expectRef<c10::ListType>().getElementType();
    plan.element = kindOf(withoutOptional(plan.elementType, plan.optionalElement));
  }
  plan.isCount = std::find(std::begin(kCounts), std::end(kCounts), plan.name) != std::end(kCounts);
  plan.fixedLength = argument.N() ? *argument.N() : 0;
  if (argument.default_value()) plan.defaultValue = *argument.default_value();
  return plan;
}

napi_valuetype typeOf(napi_env env, napi_value value) {
  napi_valuetype type = napi_undefined;
  check(env, napi_typeof(env, value, &type));
  return type;
}

std::string describe(napi_env env, napi_value value) {
  switch (typeOf(env, value)) {
    case napi_undefined: return "undefined";
    case napi_null: return "null";
    case napi_boolean: return "a boolean";
    case napi_number: {
      double number = 0;
      napi_get_value_double(env, value, &number);
      std::string text = std::to_string(number);
      if (number == std::trunc(number) && std::abs(number) < kLargestSafeInteger) text = std::to_string(static_cast<int64_t>(number));
      return "the number " + text;
    }
    case napi_string: {
      const std::string text = readString(env, value, "string");
      return text.size() <= 40 ? "the string '" + text + "'" : "a string of " + std::to_string(text.size()) + " bytes";
    }
    case napi_bigint: return "a bigint";
    case napi_function: return "a function";
    case napi_symbol: return "a symbol";
    default: return "an object";
  }
}

[[noreturn]] void misuse(napi_env env, const OperatorPlan& op, const ArgumentPlan& plan, const std::string& expected, napi_value value) {
  throw Misuse(op.name + ": argument '" + plan.name + "': expected " + expected + ", got " + describe(env, value));
}

/// An integer from a number or a bigint, or nothing where it is neither.
bool integerFrom(napi_env env, napi_value value, napi_valuetype type, int64_t& out) {
  if (type == napi_bigint) {
    bool lossless = false;
    check(env, napi_get_value_bigint_int64(env, value, &out, &lossless));
    return lossless;
  }
  double number = 0;
  if (type != napi_number || napi_get_value_double(env, value, &number) != napi_ok) return false;
  if (number != std::trunc(number) || number < -kTwo63 || number >= kTwo63) return false;
  out = static_cast<int64_t>(number);
  return true;
}

/// JavaScript has one number type: an integral number is an integer scalar, as 2 is in Python.
c10::IValue scalarFrom(double number) {
  const bool integral = number == std::trunc(number) && std::abs(number) <= kLargestSafeInteger && !(number == 0 && std::signbit(number));
  if (integral) return c10::IValue(static_cast<int64_t>(number));
  return c10::IValue(number);
}

const at::Tensor& tensorArgument(napi_env env, State& state, const OperatorPlan& op, const ArgumentPlan& plan, napi_value value) {
  double handle = -1;
  if (napi_get_value_double(env, value, &handle) != napi_ok) misuse(env, op, plan, "a Tensor", value);
  const at::Tensor* tensor = handle >= 0 && handle < 4294967296.0 ? state.tensors.find(static_cast<int64_t>(handle)) : nullptr;
  if (!tensor) throw Misuse(op.name + ": argument '" + plan.name + "': the tensor was freed (its scope ended, or dispose() was called)");
  return *tensor;
}

c10::IValue oneValue(napi_env env, State& state, const OperatorPlan& op, const ArgumentPlan& plan, Kind kind, napi_value value) {
  const napi_valuetype type = typeOf(env, value);
  int64_t integer = 0;
  switch (kind) {
    case Kind::Tensor: return tensorArgument(env, state, op, plan, value);
    case Kind::Integer:
      if (!integerFrom(env, value, type, integer)) misuse(env, op, plan, "an integer", value);
      if (plan.isCount && integer > kHighestCount) misuse(env, op, plan, "at most " + std::to_string(kHighestCount), value);
      return integer;
    case Kind::ScalarType:
      if (!integerFrom(env, value, type, integer) || integer < 0 || integer > static_cast<int64_t>(at::ScalarType::BFloat16))
        misuse(env, op, plan, "a dtype", value);
      return integer;
    case Kind::Layout:
      if (!integerFrom(env, value, type, integer) || integer != 0) misuse(env, op, plan, "the strided layout (0)", value);
      return integer;
    case Kind::MemoryFormat:
      if (!integerFrom(env, value, type, integer) || integer < 0 || integer > 3) misuse(env, op, plan, "a memory format", value);
      return integer;
    case Kind::Float: {
      double number = 0;
      if (type != napi_number) misuse(env, op, plan, "a number", value);
      napi_get_value_double(env, value, &number);
      return number;
    }
    case Kind::Scalar: {
      if (type == napi_boolean) return readBoolean(env, value, "scalar");
      if (type == napi_bigint && integerFrom(env, value, type, integer)) return integer;
      if (type != napi_number) misuse(env, op, plan, "a number or boolean", value);
      double number = 0;
      napi_get_value_double(env, value, &number);
      return scalarFrom(number);
    }
    case Kind::Boolean: {
      if (type != napi_boolean) misuse(env, op, plan, "a boolean", value);
      return readBoolean(env, value, "boolean");
    }
    case Kind::String:
      if (type != napi_string) misuse(env, op, plan, "a string", value);
      return readString(env, value, "string");
    case Kind::Device:
      if (type != napi_string) misuse(env, op, plan, "a device such as 'cpu' or 'cuda:0'", value);
      try {
        return c10::Device(readString(env, value, "device"));
      } catch (const std::exception&) {
        misuse(env, op, plan, "a device such as 'cpu' or 'cuda:0'", value);
      }
    case Kind::Generator: {
      if (!integerFrom(env, value, type, integer)) misuse(env, op, plan, "a Generator", value);
      at::Generator* generator = state.generators.find(integer);
      if (!generator) throw Misuse(op.name + ": argument '" + plan.name + "': the generator was freed");
      return *generator;
    }
    default: misuse(env, op, plan, "a value of type " + plan.type + ", which JavaScript cannot give", value);
  }
}

template <class T, class Read>
c10::List<T> typedList(napi_env env, napi_value array, uint32_t length, Read read) {
  c10::List<T> list;
  list.reserve(length);
  for (uint32_t i = 0; i < length; ++i) {
    napi_value element = nullptr;
    check(env, napi_get_element(env, array, i, &element));
    list.push_back(read(element));
  }
  return list;
}

/// The length of the array that stands for a list argument. `int[2]` takes two elements, or one for both, or none where that is its default:
/// many kernels read as many as the schema says without looking.
uint32_t listLength(napi_env env, const OperatorPlan& op, const ArgumentPlan& plan, napi_value array) {
  uint32_t length = 0;
  check(env, napi_get_array_length(env, array, &length));
  if (length > kLongestList) misuse(env, op, plan, "at most " + std::to_string(kLongestList) + " elements", array);
  const bool noneByDefault = length == 0 && plan.defaultValue && plan.defaultValue->isList() && plan.defaultValue->toListRef().empty();
  if (plan.fixedLength < 2 || length == plan.fixedLength || length == 1 || noneByDefault) return length;
  throw Misuse(op.name + ": argument '" + plan.name + "': expected " + std::to_string(plan.fixedLength) + " elements, got " + std::to_string(length));
}

/// Refuses sizes whose product is no 64-bit number: it would wrap around, and a tensor would seem to be smaller than it is. What cuts one
/// dimension into parts multiplies nothing.
void refuseOverflow(const OperatorPlan& op, const ArgumentPlan& plan, const c10::List<int64_t>& list) {
  if (plan.name == "split_sizes" || plan.name == "indices") return;
  unsigned __int128 product = 1;
  for (const int64_t element : list) {
    if (element == 0) continue;
    product *= element < 0 ? -static_cast<uint64_t>(element) : static_cast<uint64_t>(element);
    if (product >= uint64_t{1} << 63) throw Misuse(op.name + ": argument '" + plan.name + "': the product of its elements is too large");
  }
}

c10::IValue listValue(napi_env env, State& state, const OperatorPlan& op, const ArgumentPlan& plan, napi_value value) {
  bool isArray = false;
  check(env, napi_is_array(env, value, &isArray));
  const auto one = [&](napi_value element) { return oneValue(env, state, op, plan, plan.element, element); };
  uint32_t length = 0;
  if (isArray) length = listLength(env, op, plan, value);
  else if (!plan.fixedLength || typeOf(env, value) == napi_object) misuse(env, op, plan, "an array (" + plan.type + ")", value);
  if (!isArray || (length == 1 && plan.fixedLength > 1)) {
    napi_value repeated = value;
    if (isArray) check(env, napi_get_element(env, value, 0, &repeated));
    c10::impl::GenericList list(plan.elementType);
    for (int64_t i = 0; i < plan.fixedLength; ++i) list.push_back(one(repeated));
    return list;
  }
  if (!plan.optionalElement) {
    switch (plan.element) {
      case Kind::Tensor: return typedList<at::Tensor>(env, value, length, [&](napi_value e) { return one(e).toTensor(); });
      case Kind::Integer: {
        auto list = typedList<int64_t>(env, value, length, [&](napi_value e) { return one(e).toInt(); });
        refuseOverflow(op, plan, list);
        return list;
      }
      case Kind::Float: return typedList<double>(env, value, length, [&](napi_value e) { return one(e).toDouble(); });
      case Kind::Boolean: return typedList<bool>(env, value, length, [&](napi_value e) { return one(e).toBool(); });
      default: break;
    }
  }
  c10::impl::GenericList list(plan.elementType);
  list.reserve(length);
  for (uint32_t i = 0; i < length; ++i) {
    napi_value element = nullptr;
    check(env, napi_get_element(env, value, i, &element));
    const napi_valuetype type = typeOf(env, element);
    const bool absent = plan.optionalElement && (type == napi_null || type == napi_undefined);
    list.push_back(absent ? c10::IValue() : one(element));
  }
  return list;
}

}  // namespace

std::vector<ArgumentPlan> planArguments(const c10::FunctionSchema& schema) {
  std::vector<ArgumentPlan> plans;
  for (const c10::Argument& argument : schema.arguments()) plans.push_back(planArgument(argument));
  return plans;
}

c10::IValue toIValue(napi_env env, State& state, const OperatorPlan& op, const ArgumentPlan& plan, napi_value value) {
  const bool usual = plan.kind != Kind::List && !plan.optional && !plan.defaultValue;
  if (usual && plan.kind == Kind::Tensor) return tensorArgument(env, state, op, plan, value);
  if (!usual) {
    const napi_valuetype type = typeOf(env, value);
    if (type == napi_undefined && plan.defaultValue) return *plan.defaultValue;
    if (plan.optional && (type == napi_undefined || type == napi_null)) return c10::IValue();
    if (plan.kind == Kind::List) return listValue(env, state, op, plan, value);
  }
  return oneValue(env, state, op, plan, plan.kind, value);
}

napi_value toJavaScript(napi_env env, State& state, c10::IValue value) {
  if (value.isTensor()) return makeTensor(env, state, std::move(value).toTensor());
  if (value.isInt()) return makeNumber(env, static_cast<double>(value.toInt()));
  if (value.isDouble()) return makeNumber(env, value.toDouble());
  if (value.isBool()) return makeBoolean(env, value.toBool());
  if (value.isString()) return makeString(env, value.toStringRef());
  if (value.isDevice()) return makeString(env, value.toDevice().str());
  if (value.isNone()) return makeNull(env);
  const auto array = [&](const auto& elements) {
    napi_value result = nullptr;
    check(env, napi_create_array_with_length(env, elements.size(), &result));
    for (uint32_t i = 0; i < elements.size(); ++i) check(env, napi_set_element(env, result, i, toJavaScript(env, state, c10::IValue(elements[i]))));
    return result;
  };
  if (value.isTuple()) return array(value.toTupleRef().elements());
  if (value.isList()) return array(value.toListRef());
  throw Misuse("a result of type " + value.tagKind() + " has no JavaScript form");
}

at::Tensor& tensorAt(napi_env env, State& state, napi_value handle) {
  at::Tensor* tensor = state.tensors.find(readInteger(env, handle, "tensor handle"));
  if (!tensor) throw Misuse("the tensor was freed (its scope ended, or dispose() was called)");
  return *tensor;
}

bool isGiven(napi_env env, napi_value value) {
  const napi_valuetype type = typeOf(env, value);
  return type != napi_undefined && type != napi_null;
}

int64_t readInteger(napi_env env, napi_value value, const char* what) {
  int64_t out = 0;
  if (!integerFrom(env, value, typeOf(env, value), out)) throw Misuse(std::string(what) + ": expected an integer, got " + describe(env, value));
  return out;
}

bool readBoolean(napi_env env, napi_value value, const char* what) {
  bool out = false;
  if (napi_get_value_bool(env, value, &out) != napi_ok) throw Misuse(std::string(what) + ": expected a boolean, got " + describe(env, value));
  return out;
}

std::string readString(napi_env env, napi_value value, const char* what) {
  size_t length = 0;
  if (napi_get_value_string_utf8(env, value, nullptr, 0, &length) != napi_ok)
    throw Misuse(std::string(what) + ": expected a string, got " + describe(env, value));
  std::string out(length, '\0');
  check(env, napi_get_value_string_utf8(env, value, out.data(), length + 1, &length));
  return out;
}

std::vector<int64_t> readIntegers(napi_env env, napi_value value, const char* what) {
  bool isArray = false;
  uint32_t length = 0;
  check(env, napi_is_array(env, value, &isArray));
  if (!isArray) throw Misuse(std::string(what) + ": expected an array of integers, got " + describe(env, value));
  check(env, napi_get_array_length(env, value, &length));
  std::vector<int64_t> out(length);
  for (uint32_t i = 0; i < length; ++i) {
    napi_value element = nullptr;
    check(env, napi_get_element(env, value, i, &element));
    out[i] = readInteger(env, element, what);
  }
  return out;
}

napi_value makeTensor(napi_env env, State& state, at::Tensor tensor) {
  if (!tensor.defined()) return makeNull(env);
  napi_value result = nullptr;
  check(env, napi_create_uint32(env, state.tensors.add(std::move(tensor)), &result));
  return result;
}

napi_value makeNumber(napi_env env, double value) {
  napi_value result = nullptr;
  check(env, napi_create_double(env, value, &result));
  return result;
}

napi_value makeString(napi_env env, const std::string& value) {
  napi_value result = nullptr;
  check(env, napi_create_string_utf8(env, value.data(), value.size(), &result));
  return result;
}

napi_value makeBoolean(napi_env env, bool value) {
  napi_value result = nullptr;
  check(env, napi_get_boolean(env, value, &result));
  return result;
}

napi_value makeNull(napi_env env) {
  napi_value result = nullptr;
  check(env, napi_get_null(env, &result));
  return result;
}

napi_value makeUndefined(napi_env env) {
  napi_value result = nullptr;
  check(env, napi_get_undefined(env, &result));
  return result;
}

napi_value makeIntegers(napi_env env, c10::ArrayRef<int64_t> values) {
  napi_value result = nullptr;
  check(env, napi_create_array_with_length(env, values.size(), &result));
  for (uint32_t i = 0; i < values.size(); ++i) check(env, napi_set_element(env, result, i, makeNumber(env, static_cast<double>(values[i]))));
  return result;
}

std::vector<at::Tensor> readTensors(napi_env env, State& state, napi_value handles) {
  std::vector<at::Tensor> tensors;
  for (const int64_t handle : readIntegers(env, handles, "tensors")) {
    at::Tensor* tensor = state.tensors.find(handle);
    if (!tensor) throw Misuse("tensors: one was freed (its scope ended, or dispose() was called)");
    tensors.push_back(*tensor);
  }
  return tensors;
}

}  // namespace scalewise
