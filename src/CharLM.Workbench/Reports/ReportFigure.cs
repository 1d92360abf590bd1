namespace CharLM.Workbench.Reports;

/// <summary>Numbers as a report's tables show them; files for programs get them whole.</summary>
public static class ReportFigure
{
    /// <summary>About five digits: 4.1794, 17.060, 170,580, 1.2e-7; empty for what is not known.</summary>
    public static string Of(double? value) => value switch
    {
        null => "",
        double.NaN => "NaN",
        { } v when double.IsInfinity(v) => v > 0 ? "infinite" : "-infinite",
        { } v when v == Math.Floor(v) && Math.Abs(v) < 1e15 => v.ToString("#,0"),
        { } v when Math.Abs(v) is >= 1e7 or < 1e-3 => v.ToString("0.###e+0"),
        { } v when Math.Abs(v) >= 1000 => v.ToString("#,0.#"),
        { } v when Math.Abs(v) >= 10 => v.ToString("0.000"),
        { } v => v.ToString("0.0000"),
    };

    /// <summary>A value with its 95 % interval: 4.1794 (4.1601 to 4.2003); only the value when there is no interval.</summary>
    public static string Of(double? value, double? low, double? high) =>
        low is { } from && high is { } to ? $"{Of(value)} ({Of(from)} to {Of(to)})" : Of(value);
}
