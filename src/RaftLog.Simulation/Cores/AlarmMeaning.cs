using System.Runtime.CompilerServices;

namespace RaftLog.Simulation.Cores;

/// <summary>The meaning of a check, put together only when it fails: checks run after every event.</summary>
[InterpolatedStringHandler]
internal ref struct AlarmMeaning
{
    private DefaultInterpolatedStringHandler _text;

    public AlarmMeaning(int literalLength, int formattedCount, bool holds, out bool isWanted)
    {
        isWanted = !holds;
        _text = isWanted ? new DefaultInterpolatedStringHandler(literalLength, formattedCount) : default;
    }

    public void AppendLiteral(string value) => _text.AppendLiteral(value);

    public void AppendFormatted<T>(T value) => _text.AppendFormatted(value);

    public string Take() => _text.ToStringAndClear();
}
