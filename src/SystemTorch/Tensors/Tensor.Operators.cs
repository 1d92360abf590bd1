using TorchSharp.Interop;

namespace TorchSharp;

public static partial class torch
{
    public partial class Tensor
    {
        public static Tensor operator -(Tensor tensor) => tensor.neg();

        public static Tensor operator ~(Tensor left) => left.bitwise_not();

        // --- +

        public static Tensor operator +(Tensor left, Tensor right) => left.add(right);

        public static Tensor operator +(Tensor left, Scalar right) => left.Plus(right.Number);

        public static Tensor operator +(Tensor left, int right) => left.Plus((long)right);

        public static Tensor operator +(Tensor left, long right) => left.Plus(right);

        public static Tensor operator +(Tensor left, float right) => left.Plus((double)right);

        public static Tensor operator +(Tensor left, double right) => left.Plus(right);

        public static Tensor operator +(Scalar left, Tensor right) => right.Plus(left.Number);

        public static Tensor operator +(int left, Tensor right) => right.Plus((long)left);

        public static Tensor operator +(long left, Tensor right) => right.Plus(left);

        public static Tensor operator +(float left, Tensor right) => right.Plus((double)left);

        public static Tensor operator +(double left, Tensor right) => right.Plus(left);

        // --- -

        public static Tensor operator -(Tensor left, Tensor right) => left.sub(right);

        public static Tensor operator -(Tensor left, Scalar right) => left.Minus(right.Number);

        public static Tensor operator -(Tensor left, int right) => left.Minus((long)right);

        public static Tensor operator -(Tensor left, long right) => left.Minus(right);

        public static Tensor operator -(Tensor left, float right) => left.Minus((double)right);

        public static Tensor operator -(Tensor left, double right) => left.Minus(right);

        public static Tensor operator -(Scalar left, Tensor right) => right.SubtractedFrom(left.Number);

        public static Tensor operator -(int left, Tensor right) => right.SubtractedFrom((long)left);

        public static Tensor operator -(long left, Tensor right) => right.SubtractedFrom(left);

        public static Tensor operator -(float left, Tensor right) => right.SubtractedFrom((double)left);

        public static Tensor operator -(double left, Tensor right) => right.SubtractedFrom(left);

        // --- *

        public static Tensor operator *(Tensor left, Tensor right) => left.mul(right);

        public static Tensor operator *(Tensor left, Scalar right) => left.Times(right.Number);

        public static Tensor operator *(Tensor left, int right) => left.Times((long)right);

        public static Tensor operator *(Tensor left, long right) => left.Times(right);

        public static Tensor operator *(Tensor left, float right) => left.Times((double)right);

        public static Tensor operator *(Tensor left, double right) => left.Times(right);

        public static Tensor operator *(Scalar left, Tensor right) => right.Times(left.Number);

        public static Tensor operator *(int left, Tensor right) => right.Times((long)left);

        public static Tensor operator *(long left, Tensor right) => right.Times(left);

        public static Tensor operator *(float left, Tensor right) => right.Times((double)left);

        public static Tensor operator *(double left, Tensor right) => right.Times(left);

        // --- /

        public static Tensor operator /(Tensor left, Tensor right) => left.div(right);

        public static Tensor operator /(Tensor left, Scalar right) => left.Over(right.Number);

        public static Tensor operator /(Tensor left, int right) => left.Over((long)right);

        public static Tensor operator /(Tensor left, long right) => left.Over(right);

        public static Tensor operator /(Tensor left, float right) => left.Over((double)right);

        public static Tensor operator /(Tensor left, double right) => left.Over(right);

        public static Tensor operator /(Scalar left, Tensor right) => right.Under(left.Number);

        public static Tensor operator /(int left, Tensor right) => right.Under((long)left);

        public static Tensor operator /(long left, Tensor right) => right.Under(left);

        public static Tensor operator /(float left, Tensor right) => right.Under((double)left);

        public static Tensor operator /(double left, Tensor right) => right.Under(left);

        // --- %

        public static Tensor operator %(Tensor left, Tensor right) => left.remainder(right);

        public static Tensor operator %(Tensor left, Scalar right) => left.Modulo(right.Number);

        public static Tensor operator %(Tensor left, int right) => left.Modulo((long)right);

        public static Tensor operator %(Tensor left, long right) => left.Modulo(right);

        public static Tensor operator %(Tensor left, float right) => left.Modulo((double)right);

        public static Tensor operator %(Tensor left, double right) => left.Modulo(right);

        // --- comparison, element by element

        public static Tensor operator ==(Tensor left, Tensor right) => left.eq(right);

        public static Tensor operator ==(Tensor left, Scalar right) => left.eq(right);

        public static Tensor operator ==(Scalar left, Tensor right) => right.eq(left);

        public static Tensor operator !=(Tensor left, Tensor right) => left.ne(right);

        public static Tensor operator !=(Tensor left, Scalar right) => left.ne(right);

        public static Tensor operator !=(Scalar left, Tensor right) => right.ne(left);

        public static Tensor operator <(Tensor left, Tensor right) => left.lt(right);

        public static Tensor operator <(Tensor left, Scalar right) => left.lt(right);

        public static Tensor operator <(Scalar left, Tensor right) => right.gt(left);

        public static Tensor operator <=(Tensor left, Tensor right) => left.le(right);

        public static Tensor operator <=(Tensor left, Scalar right) => left.le(right);

        public static Tensor operator <=(Scalar left, Tensor right) => right.ge(left);

        public static Tensor operator >(Tensor left, Tensor right) => left.gt(right);

        public static Tensor operator >(Tensor left, Scalar right) => left.gt(right);

        public static Tensor operator >(Scalar left, Tensor right) => right.lt(left);

        public static Tensor operator >=(Tensor left, Tensor right) => left.ge(right);

        public static Tensor operator >=(Tensor left, Scalar right) => left.ge(right);

        public static Tensor operator >=(Scalar left, Tensor right) => right.le(left);

        // --- logic

        public static Tensor operator &(Tensor left, Tensor right) => left.bitwise_and(right);

        public static Tensor operator |(Tensor left, Tensor right) => left.bitwise_or(right);

        public static Tensor operator ^(Tensor left, Tensor right) => left.bitwise_xor(right);

        // --- numbers and arrays as tensors, tensors as numbers

        public static implicit operator Tensor(byte value) => tensor(value);

        public static implicit operator Tensor(sbyte value) => tensor(value);

        public static implicit operator Tensor(short value) => tensor(value);

        public static implicit operator Tensor(int value) => tensor(value);

        public static implicit operator Tensor(long value) => tensor(value);

        public static implicit operator Tensor(float value) => tensor(value);

        public static implicit operator Tensor(double value) => tensor(value);

        public static implicit operator Tensor(bool value) => tensor(value);

        public static implicit operator Tensor(byte[] value) => tensor(value);

        public static implicit operator Tensor(sbyte[] value) => tensor(value);

        public static implicit operator Tensor(short[] value) => tensor(value);

        public static implicit operator Tensor(int[] value) => tensor(value);

        public static implicit operator Tensor(long[] value) => tensor(value);

        public static implicit operator Tensor(float[] value) => tensor(value);

        public static implicit operator Tensor(double[] value) => tensor(value);

        public static implicit operator Tensor(bool[] value) => tensor(value);

        public static implicit operator Tensor(Scalar scalar) => full([], scalar, scalar.Type);

        public static explicit operator byte(Tensor value) => value.ToByte();

        public static explicit operator sbyte(Tensor value) => value.ToSByte();

        public static explicit operator short(Tensor value) => value.ToInt16();

        public static explicit operator int(Tensor value) => value.ToInt32();

        public static explicit operator long(Tensor value) => value.ToInt64();

        public static explicit operator float(Tensor value) => value.ToSingle();

        public static explicit operator double(Tensor value) => value.ToDouble();

        public static explicit operator bool(Tensor value) => value.ToBoolean();
    }
}
