using System.Reflection;
using TorchSharp.Modules;

namespace TorchSharp;

public static partial class torch
{
    public static partial class nn
    {
        // To another element type or device, parameters and floating point buffers alike.
        public partial class Module
        {
            protected internal virtual Module _to(Device device, ScalarType dtype, bool non_blocking)
            {
                RequireReal(dtype);
                InitializeDevice(device);
                _toEpilog(device, dtype, non_blocking);
                return this;
            }

            protected internal virtual Module _to(DeviceType deviceType, int deviceIndex, bool non_blocking)
            {
                InitializeDeviceType(deviceType);
                if (deviceType != DeviceType.CUDA)
                {
                    deviceIndex = -1;
                }
                if (deviceType != _deviceType || deviceIndex != _deviceIndex)
                {
                    _toEpilog(deviceType, deviceIndex, non_blocking);
                }
                return this;
            }

            protected internal virtual Module _to(ScalarType dtype, bool non_blocking)
            {
                RequireReal(dtype);
                _toEpilog(dtype, non_blocking);
                return this;
            }

            public Module _to(Tensor other, bool non_blocking)
            {
                _to(other.dtype, non_blocking);
                return _to(other.device_type, other.device_index, non_blocking);
            }

            protected void _toEpilog(ScalarType dtype, bool non_blocking) => _toEpilog(dtype, null, non_blocking);

            protected void _toEpilog(Device device, ScalarType dtype, bool non_blocking) => _toEpilog(dtype, device, non_blocking);

            protected void _toEpilog(DeviceType deviceType, int deviceIndex, bool non_blocking) =>
                _toEpilog(null, new Device(deviceType, deviceIndex), non_blocking);

            /// <summary>Converts children first, then replaces parameters and buffers wherever this module keeps them.</summary>
            protected virtual void _toEpilog(ScalarType? dtype, Device? device, bool non_blocking)
            {
                foreach (var (_, child) in named_children())
                {
                    _ = (dtype, device) switch
                    {
                        ({ } type, null) => child._to(type, non_blocking),
                        (null, { } place) => child._to(place.type, place.index, non_blocking),
                        ({ } type, { } place) => child._to(place, type, non_blocking),
                        _ => throw new ArgumentNullException(nameof(dtype), "Neither an element type nor a device is given."),
                    };
                }
                foreach (var (name, parameter) in named_parameters(false).ToList())
                {
                    if (ReplaceParameter(dtype, device, parameter, out Parameter? converted))
                    {
                        Place(name, converted!, () =>
                        {
                            parameter.Dispose();
                            ConditionallyRegisterParameter(name, converted);
                        });
                    }
                }
                foreach (var (name, buffer) in named_buffers(false).ToList())
                {
                    bool persistent = _internal_buffers[name].Item2;
                    if (ReplaceBuffer(dtype, device, buffer, out Tensor? converted))
                    {
                        Place(name, converted!, () => ConditionallyRegisterBuffer(name, converted, persistent));
                    }
                }
                if (device is not null)
                {
                    (_deviceType, _deviceIndex) = (device.type, device.index);
                }
            }

            /// <summary>A converted buffer, in the place of the old one; false when nothing has to change.</summary>
            protected static bool ReplaceBuffer(ScalarType? dtype, Device? device, Tensor buffer, out Tensor? result)
            {
                result = null;
                ScalarType type = TargetType(dtype, buffer);
                if (!buffer.NeedsConversion(type, device))
                {
                    return false;
                }
                result = buffer.to(type, device ?? buffer.device, disposeAfter: true).DetachFromDisposeScope();
                return true;
            }

            /// <summary>A converted parameter with its gradient; false when nothing has to change.</summary>
            protected static bool ReplaceParameter(ScalarType? dtype, Device? device, Parameter param, out Parameter? p)
            {
                p = null;
                ScalarType type = TargetType(dtype, param);
                if (!param.NeedsConversion(type, device))
                {
                    return false;
                }
                // Without recording: the conversion is no part of the graph, and its result must be a leaf again.
                using (no_grad())
                {
                    using Tensor? grad = param.grad;
                    p = new Parameter(param.to(type, device ?? param.device), param.requires_grad);
                    p.DetachFromDisposeScope();
                    using Tensor? converted = grad?.to(type, device ?? param.device);
                    if (converted is not null)
                    {
                        p.grad = converted;
                    }
                }
                return true;
            }

            private static ScalarType TargetType(ScalarType? dtype, Tensor tensor) =>
                dtype is { } wanted && (tensor.is_floating_point() || tensor.is_complex()) ? wanted : tensor.dtype;

            private static void RequireReal(ScalarType dtype)
            {
                if (!is_floating_point(dtype) && !is_complex(dtype))
                {
                    throw new ArgumentException($"nn.Module.to only accepts floating point or complex types, but got desired dtype={dtype}");
                }
            }

            /// <summary>Sets the property of that name, which registers by itself; otherwise registers, and sets the field of that name.</summary>
            private void Place(string name, Tensor tensor, Action register)
            {
                PropertyInfo? property = GetType().GetProperties(BindingFlags.Public | BindingFlags.Instance)
                    .FirstOrDefault(property => property.Name == name && property.CanWrite);
                if (property is not null)
                {
                    property.SetValue(this, tensor);
                    return;
                }
                register();
                FieldsOf(GetType()).FirstOrDefault(field => field.ComponentName() == name)?.SetValue(this, tensor);
            }
        }
    }
}
