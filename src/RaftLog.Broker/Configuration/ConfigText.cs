using System.Globalization;

namespace RaftLog.Broker.Configuration;

/// <summary>Reads configuration values from their text as Kafka's ConfigDef does.</summary>
internal static class ConfigText
{
    public static bool TryLong(string text, out long value) =>
        long.TryParse(text.AsSpan().Trim(), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out value);

    public static bool TryDouble(string text, out double value) =>
        double.TryParse(text.AsSpan().Trim(), NumberStyles.Float, CultureInfo.InvariantCulture, out value);

    public static bool TryBoolean(string text, out bool value) => bool.TryParse(text.AsSpan().Trim(), out value);

    /// <summary>The items of a comma-separated list; none for an empty text.</summary>
    public static string[] List(string text) => text.AsSpan().Trim().IsEmpty ? [] : text.Split(',', StringSplitOptions.TrimEntries);

    /// <summary>A number as Java prints it: with a decimal point always.</summary>
    public static string Show(double value)
    {
        string text = value.ToString("R", CultureInfo.InvariantCulture);
        return double.IsInteger(value) && !text.Contains('E') ? text + ".0" : text;
    }
}
