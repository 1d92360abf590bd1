using TorchSharp.Interop;

namespace TorchSharp;

public static partial class torch
{
    // Several tensors to one, and one to several.

    public static Tensor cat(IList<Tensor> tensors, long dim = 0) => cat(Elements(tensors), dim);

    public static Tensor cat(Tensor[] tensors, long dim = 0) => cat((ReadOnlySpan<Tensor>)tensors, dim);

    public static unsafe Tensor cat(ReadOnlySpan<Tensor> tensors, long dim = 0)
    {
        if (tensors.IsEmpty)
        {
            throw new ArgumentException("empty array");
        }
        fixed (nint* handles = Tensor.HandlesOf(tensors))
        {
            Tensor result = Tensor.Make(Native.st_cat(handles, tensors.Length, dim));
            KeepAlive(tensors);
            return result;
        }
    }

    public static Tensor concat(IList<Tensor> tensors, long dim = 0) => cat(tensors, dim);

    public static Tensor concat(Tensor[] tensors, long dim = 0) => cat(tensors, dim);

    public static Tensor concat(ReadOnlySpan<Tensor> tensors, long dim = 0) => cat(tensors, dim);

    public static Tensor concatenate(IList<Tensor> tensors, long axis = 0) => cat(tensors, axis);

    public static Tensor concatenate(Tensor[] tensors, long axis = 0) => cat(tensors, axis);

    public static Tensor concatenate(ReadOnlySpan<Tensor> tensors, long axis = 0) => cat(tensors, axis);

    public static unsafe Tensor stack(IEnumerable<Tensor> tensors, long dim = 0)
    {
        Tensor[] list = tensors.ToArray();
        fixed (nint* handles = Tensor.HandlesOf(list))
        {
            Tensor result = Tensor.Make(Native.st_stack(handles, list.Length, dim));
            KeepAlive(list);
            return result;
        }
    }

    public static Tensor hstack(IList<Tensor> tensors) => hstack(Elements(tensors));

    public static Tensor hstack(params Tensor[] tensors) => hstack((ReadOnlySpan<Tensor>)tensors);

    public static Tensor hstack(IEnumerable<Tensor> tensors) => hstack((ReadOnlySpan<Tensor>)tensors.ToArray());

    public static unsafe Tensor hstack(ReadOnlySpan<Tensor> tensors)
    {
        fixed (nint* handles = Tensor.HandlesOf(tensors))
        {
            Tensor result = Tensor.Make(Native.st_hstack(handles, tensors.Length));
            KeepAlive(tensors);
            return result;
        }
    }

    public static Tensor vstack(IList<Tensor> tensors) => vstack(Elements(tensors));

    public static Tensor vstack(Tensor[] tensors) => vstack((ReadOnlySpan<Tensor>)tensors);

    public static unsafe Tensor vstack(ReadOnlySpan<Tensor> tensors)
    {
        fixed (nint* handles = Tensor.HandlesOf(tensors))
        {
            Tensor result = Tensor.Make(Native.st_vstack(handles, tensors.Length));
            KeepAlive(tensors);
            return result;
        }
    }

    public static Tensor dstack(IList<Tensor> tensors) => dstack(Elements(tensors));

    public static Tensor dstack(params Tensor[] tensors) => dstack((ReadOnlySpan<Tensor>)tensors);

    public static Tensor dstack(IEnumerable<Tensor> tensors) => dstack((ReadOnlySpan<Tensor>)tensors.ToArray());

    public static unsafe Tensor dstack(ReadOnlySpan<Tensor> tensors)
    {
        fixed (nint* handles = Tensor.HandlesOf(tensors))
        {
            Tensor result = Tensor.Make(Native.st_dstack(handles, tensors.Length));
            KeepAlive(tensors);
            return result;
        }
    }

    public static Tensor column_stack(IList<Tensor> tensors) => column_stack(Elements(tensors));

    public static Tensor column_stack(params Tensor[] tensors) => column_stack((ReadOnlySpan<Tensor>)tensors);

    public static unsafe Tensor column_stack(ReadOnlySpan<Tensor> tensors)
    {
        fixed (nint* handles = Tensor.HandlesOf(tensors))
        {
            Tensor result = Tensor.Make(Native.st_column_stack(handles, tensors.Length));
            KeepAlive(tensors);
            return result;
        }
    }

    public static Tensor row_stack(IList<Tensor> tensors) => vstack(tensors);

    public static Tensor row_stack(params Tensor[] tensors) => vstack(tensors);

    public static Tensor row_stack(ReadOnlySpan<Tensor> tensors) => vstack(tensors);

    /// <summary>A sum of products in Einstein's notation, such as "bi,ij->bj".</summary>
    public static unsafe Tensor einsum(string equation, params Tensor[] tensors)
    {
        fixed (byte* text = System.Text.Encoding.UTF8.GetBytes(equation + '\0'))
        fixed (nint* handles = Tensor.HandlesOf(tensors))
        {
            Tensor result = Tensor.Make(Native.st_einsum(text, handles, tensors.Length));
            KeepAlive(tensors);
            return result;
        }
    }

    public static Tensor[] split(Tensor tensor, long[] split_size_or_sections, long dim = 0) => tensor.split(split_size_or_sections, dim);

    public static Tensor[] unbind(Tensor input, long dim = 0) => input.unbind(dim);

    public static Tensor[] unbind(Tensor tensor, int dim = 0) => tensor.unbind(dim);

    public static Tensor where(Tensor condition, Tensor x, Tensor y) => x.where(condition, y);

    /// <summary>For each dimension the indices of the elements that are not zero.</summary>
    public static unsafe Tensor[] where(Tensor condition)
    {
        nint* results;
        int count;
        int status = Native.st_where_condition(condition.Handle, &results, &count);
        GC.KeepAlive(condition);
        return Tensor.TakeList(status, results, count);
    }

    public static Tensor gather(Tensor input, long dim, Tensor index) => input.gather(dim, index);

    public static Tensor gather(Tensor input, long dim, Tensor index, bool sparse_grad = false) =>
        Tensor.Make(Native.st_gather(input.Handle, dim, index.Handle, sparse_grad), input, index);

    public static Tensor take_along_dim(Tensor input, Tensor indices, long dim = 0) =>
        Tensor.Make(Native.st_take_along_dim(input.Handle, indices.Handle, dim), input, indices);

    public static Tensor take_along_dim(Tensor input, IEnumerable<long> indices, long dim = 0)
    {
        using Tensor index = tensor(indices.ToArray());
        return take_along_dim(input, index, dim);
    }

    public static Tensor norm(Tensor input) => input.norm();

    public static Tensor norm(Tensor input, float p = 2) => input.norm(p);

    public static Tensor norm(Tensor input, int dimension, bool keepdim = false, float p = 2) => input.norm(dimension, keepdim, p);

    /// <summary>The type that an operation on both computes in.</summary>
    public static unsafe ScalarType result_type(Tensor tensor1, Tensor tensor2)
    {
        int type;
        Native.Check(Native.st_result_type(tensor1.Handle, tensor2.Handle, &type));
        GC.KeepAlive(tensor1);
        GC.KeepAlive(tensor2);
        return (ScalarType)type;
    }

    /// <summary>Keeps operands from being finalised before the call that reads them has returned.</summary>
    internal static void KeepAlive(ReadOnlySpan<Tensor> tensors)
    {
        foreach (Tensor tensor in tensors)
        {
            GC.KeepAlive(tensor);
        }
    }
}
