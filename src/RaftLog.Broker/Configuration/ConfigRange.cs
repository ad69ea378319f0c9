using System.Globalization;

namespace RaftLog.Broker.Configuration;

/// <summary>
/// The values that a key may have, read from the short form of the definition tables: <c>1..</c>, <c>1..9|-1</c>, <c>one:a|b</c>.
/// </summary>
public sealed class ConfigRange
{
    private const string Dots = "..";
    private const string OneOf = "one:";
    private const string AnyCase = "anycase:";
    private const string ByDuration = "by_duration:";

    private readonly long? _least;
    private readonly long? _most;
    private readonly long? _also;
    private readonly string[] _choices = [];
    private readonly StringComparison _comparison = StringComparison.Ordinal;
    private readonly bool _notEmpty;
    private readonly bool _replicas;
    private readonly bool _startingPoint;

    private ConfigRange(string form)
    {
        int dots = form.IndexOf(Dots, StringComparison.Ordinal);
        if (form.StartsWith(OneOf, StringComparison.Ordinal))
        {
            _choices = form[OneOf.Length..].Split('|');
        }
        else if (form.StartsWith(AnyCase, StringComparison.Ordinal))
        {
            _choices = form[AnyCase.Length..].Split('|');
            _comparison = StringComparison.OrdinalIgnoreCase;
        }
        else if (dots >= 0)
        {
            int bar = form.IndexOf('|');
            _also = bar < 0 ? null : long.Parse(form.AsSpan(bar + 1), CultureInfo.InvariantCulture);
            ReadOnlySpan<char> most = form.AsSpan()[(dots + Dots.Length)..(bar < 0 ? form.Length : bar)];
            _least = long.Parse(form.AsSpan(0, dots), CultureInfo.InvariantCulture);
            _most = most.IsEmpty ? null : long.Parse(most, CultureInfo.InvariantCulture);
        }

        _notEmpty = form == "nonempty";
        _replicas = form == "replicas";
        _startingPoint = form == "startingpoint";
    }

    /// <summary>True when the allowed values are named one by one.</summary>
    public bool IsEnumerated => _choices.Length > 0;

    /// <summary>Reads the short form.</summary>
    public static ConfigRange Parse(string form) => new(form);

    /// <summary>What is wrong with a whole number, in Kafka's words, or null.</summary>
    public string? Reject(long value)
    {
        if (value == _also)
        {
            return null;
        }

        if (_also is { } also && (value < _least || value > _most))
        {
            return $"Value must be between {_least} and {_most} or equal to {also}";
        }

        return value < _least ? $"Value must be at least {_least}"
            : value > _most ? $"Value must be no more than {_most}"
            : null;
    }

    /// <inheritdoc cref="Reject(long)" />
    public string? Reject(double value) =>
        _least is { } least && !(value >= least) ? $"Value must be at least {least}"
        : _most is { } most && !(value <= most) ? $"Value must be no more than {most}"
        : null;

    /// <summary>What is wrong with a text, in Kafka's words, or null.</summary>
    public string? Reject(string value)
    {
        if (_notEmpty && value.Length == 0)
        {
            return "String must be non-empty";
        }

        if (_startingPoint)
        {
            return IsStartingPoint(value)
                ? null
                : $"Invalid value `{value}` for configuration share.auto.offset.reset. "
                    + "The value must be either 'earliest', 'latest' or of the format 'by_duration:<PnDTnHnMn.nS>'.";
        }

        if (_choices.Length == 0 || Array.Exists(_choices, choice => choice.Equals(value, _comparison)))
        {
            return null;
        }

        return _comparison == StringComparison.Ordinal
            ? $"String must be one of: {string.Join(", ", _choices)}"
            : $"String must be one of (case insensitive): {string.Join(", ", _choices)}";
    }

    /// <summary>True when a list fails as a whole: throttled replicas are <c>*</c> or pairs of partition and broker.</summary>
    public bool RejectsAsReplicas(string[] items) =>
        _replicas && items.Length > 0 && items is not ["*"] && !Array.TrueForAll(items, IsReplica);

    /// <summary>The range in words, for the end of "set a value ...".</summary>
    public string Describe() =>
        _choices.Length > 0 ? $"that is one of {string.Join(", ", _choices)}"
        : _least is null ? "of the right type"
        : _most is null ? $"of at least {_least}"
        : _also is null ? $"from {_least} to {_most}"
        : $"from {_least} to {_most}, or {_also}";

    /// <summary>The range as a table cell; empty where every value is allowed.</summary>
    public string Short() =>
        _choices.Length > 0 ? string.Join(", ", _choices)
        : _least is null ? ""
        : _most is null ? $"{_least} or more"
        : _also is null ? $"{_least} to {_most}"
        : $"{_least} to {_most}, or {_also}";

    private static bool IsStartingPoint(string value) =>
        value is "earliest" or "latest"
        || (value.StartsWith(ByDuration, StringComparison.Ordinal) && IsDuration(value.AsSpan(ByDuration.Length)));

    /// <summary>
    /// A duration as Java reads it: <c>PnDTnHnMn.nS</c>, days and smaller, each at most once and one at least; none below zero here.
    /// </summary>
    private static bool IsDuration(ReadOnlySpan<char> text)
    {
        const string order = "DTHMS";
        if (!text.StartsWith("P", StringComparison.Ordinal))
        {
            return false;
        }

        int next = 0;
        bool any = false;
        for (text = text[1..]; !text.IsEmpty; )
        {
            int digits = text.IndexOfAnyExcept("0123456789.");
            int unit = digits < 0 ? -1 : order.IndexOf(text[digits]);
            bool isNumber =
                digits > 0
                && (
                    IsDigits(text[..digits])
                    || (text[digits] == 'S' && double.TryParse(text[..digits], CultureInfo.InvariantCulture, out _))
                );
            bool isTime = unit == order.IndexOf('T');
            if (unit < next || isNumber == isTime || (unit > 1 && next < 2))
            {
                return false;
            }

            any |= isNumber;
            next = unit + 1;
            text = text[(digits + 1)..];
            if (isTime && text.IsEmpty)
            {
                return false;
            }
        }

        return any;
    }

    private static bool IsReplica(string item)
    {
        int colon = item.IndexOf(':');
        return colon > 0 && IsDigits(item.AsSpan(0, colon)) && IsDigits(item.AsSpan(colon + 1));
    }

    private static bool IsDigits(ReadOnlySpan<char> text) => !text.IsEmpty && !text.ContainsAnyExceptInRange('0', '9');
}
