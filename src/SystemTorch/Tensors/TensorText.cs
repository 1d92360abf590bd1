using System.Globalization;
using System.Text;

namespace TorchSharp;

/// <summary>Writes tensors as text: a line that describes them, and their elements in nested brackets.</summary>
internal static class TensorText
{
    /// <summary>How many elements at either end of a dimension are shown when there are more than twice as many.</summary>
    private const int Edge = 3;

    internal static string Describe(torch.Tensor tensor) =>
        tensor.IsInvalid ? "[empty]" : $"[{string.Join('x', tensor.shape)}], type = {tensor.dtype}, device = {tensor.device}";

    internal static string Write(torch.Tensor tensor, TensorStringStyle style, string? format, string? newLine, CultureInfo? culture)
    {
        if (style == TensorStringStyle.Metadata || tensor.IsInvalid || tensor.is_meta || tensor.is_complex())
        {
            return Describe(tensor);
        }
        var (open, close) = style == TensorStringStyle.CSharp ? ('{', '}') : ('[', ']');
        string lineBreak = newLine ?? Environment.NewLine;
        StringBuilder text = new();
        if (style == TensorStringStyle.Julia)
        {
            text.Append(Describe(tensor)).Append(lineBreak);
        }
        else if (style == TensorStringStyle.CSharp)
        {
            text.Append(Describe(tensor)).Append(", value = ").Append(tensor.ndim > 1 ? lineBreak : "");
        }
        using torch.Tensor values = tensor.detach().DetachFromDisposeScope();
        Append(text, values, open, close, lineBreak, format ?? "g5", culture ?? CultureInfo.InvariantCulture, 0);
        return text.ToString();
    }

    private static void Append(
        StringBuilder text, torch.Tensor tensor, char open, char close, string lineBreak, string format, CultureInfo culture, int depth)
    {
        if (tensor.ndim == 0)
        {
            text.Append(Number(tensor, format, culture));
            return;
        }
        text.Append(open);
        long count = tensor.size(0);
        bool first = true;
        for (long i = 0; i < count; i++)
        {
            if (!first)
            {
                text.Append(tensor.ndim == 1 ? " " : lineBreak + new string(' ', depth + 1));
            }
            first = false;
            if (i == Edge && count > 2 * Edge)
            {
                text.Append("...");
                i = count - Edge - 1;
                continue;
            }
            using torch.Tensor part = tensor.select(0, i).DetachFromDisposeScope();
            Append(text, part, open, close, lineBreak, format, culture, depth + 1);
        }
        text.Append(close);
    }

    private static string Number(torch.Tensor tensor, string format, CultureInfo culture) => tensor.dtype switch
    {
        torch.ScalarType.Bool => tensor.ToBoolean() ? "true" : "false",
        _ when tensor.is_floating_point() => tensor.ToDouble().ToString(format, culture),
        _ => tensor.ToInt64().ToString(culture),
    };
}

public static partial class torch
{
    public const TensorStringStyle julia = TensorStringStyle.Julia;
    public const TensorStringStyle numpy = TensorStringStyle.Numpy;
    public const TensorStringStyle csharp = TensorStringStyle.CSharp;

    /// <summary>The style that tensors are written in where none is named.</summary>
    public static TensorStringStyle TensorStringStyle { get; set; } = TensorStringStyle.Julia;

    public partial class Tensor
    {
        /// <summary>Shape, element type and device.</summary>
        public override string ToString() => TensorText.Describe(this);

        /// <summary>With the elements when <paramref name="disamb"/> is true.</summary>
        public string ToString(bool disamb, string? fltFormat = null, int? width = null, CultureInfo? cultureInfo = null, string? newLine = null) =>
            disamb ? TensorText.Write(this, torch.TensorStringStyle, fltFormat, newLine, cultureInfo) : ToString();

        public string ToString(
            TensorStringStyle style, string? fltFormat = null, int? width = null, CultureInfo? cultureInfo = null, string? newLine = null) =>
            TensorText.Write(this, style == TensorStringStyle.Default ? torch.TensorStringStyle : style, fltFormat, newLine, cultureInfo);
    }
}

public static partial class TensorExtensionMethods
{
    public static string str(
        this torch.Tensor tensor, string? fltFormat = null, int? width = null, string? newLine = null, CultureInfo? cultureInfo = null,
        TensorStringStyle style = TensorStringStyle.Default) =>
        tensor.ToString(style, fltFormat, width, cultureInfo, newLine);

    public static string jlstr(
        this torch.Tensor tensor, string? fltFormat = null, int? width = null, string? newLine = null, CultureInfo? cultureInfo = null) =>
        tensor.ToString(TensorStringStyle.Julia, fltFormat, width, cultureInfo, newLine);

    public static string npstr(
        this torch.Tensor tensor, string? fltFormat = "g5", int? width = 100, string? newLine = null, CultureInfo? cultureInfo = null) =>
        tensor.ToString(TensorStringStyle.Numpy, fltFormat, width, cultureInfo, newLine);

    public static string cstr(
        this torch.Tensor tensor, string? fltFormat = "g5", int? width = 100, string? newLine = null, CultureInfo? cultureInfo = null) =>
        tensor.ToString(TensorStringStyle.CSharp, fltFormat, width, cultureInfo, newLine);

    public static string metastr(this torch.Tensor tensor) => tensor.ToString();

    /// <summary>Writes to the console, and returns the tensor.</summary>
    public static torch.Tensor print(
        this torch.Tensor t, string? fltFormat = "g5", int? width = 100, string? newLine = null, CultureInfo? cultureInfo = null,
        TensorStringStyle style = TensorStringStyle.Default)
    {
        Console.WriteLine(t.str(fltFormat, width, newLine, cultureInfo, style));
        return t;
    }
}
