using TorchSharp.Interop;

namespace TorchSharp;

public static partial class torch
{
    public partial class Tensor
    {
        public Tensor add(Tensor target) => Plus(target, Number.One);

        public Tensor add(Tensor target, Scalar alpha) => Plus(target, alpha.Number);

        public Tensor add(Scalar scalar) => Plus(scalar.Number);

        public Tensor add(Scalar scalar, Scalar alpha) => Make(Native.st_add_number(Handle, scalar.Number, alpha.Number), this);

        public Tensor add_(Tensor target) => Done(Native.st_add_(Handle, target.Handle, Number.One), target);

        public Tensor add_(Tensor target, Scalar alpha) => Done(Native.st_add_(Handle, target.Handle, alpha.Number), target);

        public Tensor add_(Scalar scalar) => Done(Native.st_add__number(Handle, scalar.Number, Number.One));

        public Tensor add_(Scalar scalar, Scalar alpha) => Done(Native.st_add__number(Handle, scalar.Number, alpha.Number));

        public Tensor sub(Tensor target) => Make(Native.st_sub(Handle, target.Handle), this, target);

        public Tensor sub(Scalar target) => Minus(target.Number);

        public Tensor sub_(Tensor target) => Done(Native.st_sub_(Handle, target.Handle), target);

        public Tensor sub_(Scalar target) => Done(Native.st_sub__number(Handle, target.Number));

        public Tensor subtract(Tensor target) => sub(target);

        public Tensor subtract(Scalar target) => sub(target);

        public Tensor subtract_(Tensor target) => sub_(target);

        public Tensor subtract_(Scalar target) => sub_(target);

        public Tensor mul(Tensor target) => Make(Native.st_mul(Handle, target.Handle), this, target);

        public Tensor mul(Scalar target) => Times(target.Number);

        public Tensor mul_(Tensor target) => Done(Native.st_mul_(Handle, target.Handle), target);

        public Tensor mul_(Scalar target) => Done(Native.st_mul__number(Handle, target.Number));

        public Tensor multiply(Tensor target) => mul(target);

        public Tensor multiply(Scalar target) => mul(target);

        public Tensor div(Tensor target, RoundingMode rounding_mode = RoundingMode.None) =>
            Make(Native.st_div(Handle, target.Handle, (int)rounding_mode), this, target);

        public Tensor div(Scalar target, RoundingMode rounding_mode = RoundingMode.None) => Over(target.Number, rounding_mode);

        public Tensor div_(Tensor target, RoundingMode rounding_mode = RoundingMode.None) =>
            Done(Native.st_div_(Handle, target.Handle, (int)rounding_mode), target);

        public Tensor div_(Scalar target, RoundingMode rounding_mode = RoundingMode.None) =>
            Done(Native.st_div__number(Handle, target.Number, (int)rounding_mode));

        public Tensor divide(Tensor target, RoundingMode rounding_mode = RoundingMode.None) => div(target, rounding_mode);

        public Tensor divide(Scalar target, RoundingMode rounding_mode = RoundingMode.None) => div(target, rounding_mode);

        public Tensor divide_(Tensor target, RoundingMode rounding_mode = RoundingMode.None) => div_(target, rounding_mode);

        public Tensor divide_(Scalar target, RoundingMode rounding_mode = RoundingMode.None) => div_(target, rounding_mode);

        public Tensor true_divide(Tensor other) => div(other);

        public Tensor true_divide(Scalar other) => div(other);

        public Tensor true_divide_(Tensor other) => div_(other);

        public Tensor true_divide_(Scalar other) => div_(other);

        public Tensor floor_divide(Tensor other) => Make(Native.st_floor_divide(Handle, other.Handle), this, other);

        public Tensor floor_divide(Scalar other) => Make(Native.st_floor_divide_number(Handle, other.Number), this);

        public Tensor floor_divide_(Tensor other) => Done(Native.st_floor_divide_(Handle, other.Handle), other);

        public Tensor floor_divide_(Scalar other) => Done(Native.st_floor_divide__number(Handle, other.Number));

        public Tensor remainder(Tensor target) => Make(Native.st_remainder(Handle, target.Handle), this, target);

        public Tensor remainder(Scalar scalar) => Modulo(scalar.Number);

        public Tensor remainder_(Tensor target) => Done(Native.st_remainder_(Handle, target.Handle), target);

        public Tensor remainder_(Scalar scalar) => Done(Native.st_remainder__number(Handle, scalar.Number));

        public Tensor fmod(Tensor target) => Make(Native.st_fmod(Handle, target.Handle), this, target);

        public Tensor fmod(Scalar scalar) => Make(Native.st_fmod_number(Handle, scalar.Number), this);

        public Tensor fmod_(Tensor target) => Done(Native.st_fmod_(Handle, target.Handle), target);

        public Tensor fmod_(Scalar scalar) => Done(Native.st_fmod__number(Handle, scalar.Number));

        public Tensor pow(Tensor exponent) => Make(Native.st_pow(Handle, exponent.Handle), this, exponent);

        public Tensor pow(Scalar exponent) => Make(Native.st_pow_number(Handle, exponent.Number), this);

        public Tensor pow_(Tensor exponent) => Done(Native.st_pow_(Handle, exponent.Handle), exponent);

        public Tensor pow_(Scalar exponent) => Done(Native.st_pow__number(Handle, exponent.Number));

        // --- self + value * (tensor1 x tensor2), and the like

        public Tensor addcmul(Tensor tensor1, Tensor tensor2, Scalar value) =>
            Make(Native.st_addcmul(Handle, tensor1.Handle, tensor2.Handle, value.Number), this, tensor1, tensor2);

        public Tensor addcmul_(Tensor tensor1, Tensor tensor2, Scalar value) =>
            Done(Native.st_addcmul_(Handle, tensor1.Handle, tensor2.Handle, value.Number), tensor1, tensor2);

        public Tensor addcdiv(Tensor tensor1, Tensor tensor2, Scalar value) =>
            Make(Native.st_addcdiv(Handle, tensor1.Handle, tensor2.Handle, value.Number), this, tensor1, tensor2);

        public Tensor addcdiv(Tensor tensor1, Tensor tensor2) => addcdiv(tensor1, tensor2, 1);

        public Tensor addcdiv_(Tensor tensor1, Tensor tensor2, Scalar value) =>
            Done(Native.st_addcdiv_(Handle, tensor1.Handle, tensor2.Handle, value.Number), tensor1, tensor2);

        public Tensor addcdiv_(Tensor tensor1, Tensor tensor2) => addcdiv_(tensor1, tensor2, 1);

        public Tensor lerp(Tensor end, Tensor weight) => Make(Native.st_lerp(Handle, end.Handle, weight.Handle), this, end, weight);

        public Tensor lerp_(Tensor end, Tensor weight) => Done(Native.st_lerp_(Handle, end.Handle, weight.Handle), end, weight);

        // --- limits

        public unsafe Tensor clamp(Scalar? min = null, Scalar? max = null)
        {
            Number low = min?.Number ?? default, high = max?.Number ?? default;
            return Make(Native.st_clamp_number(Handle, min is null ? null : &low, max is null ? null : &high), this);
        }

        public Tensor clamp(Tensor? min = null, Tensor? max = null) => Make(Native.st_clamp(Handle, HandleOf(min), HandleOf(max)), this, min, max);

        public unsafe Tensor clamp_(Scalar? min = null, Scalar? max = null)
        {
            Number low = min?.Number ?? default, high = max?.Number ?? default;
            return Done(Native.st_clamp__number(Handle, min is null ? null : &low, max is null ? null : &high));
        }

        public Tensor clamp_(Tensor? min = null, Tensor? max = null) => Done(Native.st_clamp_(Handle, HandleOf(min), HandleOf(max)), min, max);

        public Tensor clip(Scalar? min = null, Scalar? max = null) => clamp(min, max);

        public Tensor clamp_min(Scalar min) => clamp(min, null);

        public Tensor clamp_min_(Scalar min) => clamp_(min, null);

        public Tensor clamp_max(Scalar max) => clamp(null, max);

        public Tensor clamp_max_(Scalar max) => clamp_(null, max);

        public Tensor maximum(Tensor other) => Make(Native.st_maximum(Handle, other.Handle), this, other);

        public Tensor minimum(Tensor other) => Make(Native.st_minimum(Handle, other.Handle), this, other);

        // --- with numbers as the operators have them, without a Scalar in between

        private Tensor Plus(Number other) => Make(Native.st_add_number(Handle, other, Number.One), this);

        private Tensor Plus(Tensor other, Number alpha) => Make(Native.st_add(Handle, other.Handle, alpha), this, other);

        private Tensor Minus(Number other) => Make(Native.st_sub_number(Handle, other), this);

        private Tensor SubtractedFrom(Number other) => Make(Native.st_rsub_number(Handle, other), this);

        private Tensor Times(Number other) => Make(Native.st_mul_number(Handle, other), this);

        private Tensor Over(
            Number other, RoundingMode rounding = RoundingMode.None) => Make(Native.st_div_number(Handle, other, (int)rounding), this);

        private Tensor Under(Number other)
        {
            // As libtorch does it for a number over a tensor.
            using Tensor inverse = reciprocal();
            return inverse.Times(other);
        }

        private Tensor Modulo(Number other) => Make(Native.st_remainder_number(Handle, other), this);
    }
}
