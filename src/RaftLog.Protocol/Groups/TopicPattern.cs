using System.Diagnostics.CodeAnalysis;
using System.Text;
using System.Text.RegularExpressions;

namespace RaftLog.Protocol.Groups;

/// <summary>
/// A regular expression over topic names in the syntax of RE2, matched in time proportional to the name, whatever the client sends. It
/// has to match the whole name. Look-around, back-references and other constructs that RE2 does not have are rejected.
/// </summary>
public sealed class TopicPattern
{
    /// <summary>The longest expression that is taken.</summary>
    public const int MaxLength = 10_000;

    // RE2's names of ASCII classes inside a bracket.
    private static readonly (string Name, string Characters)[] AsciiClasses =
    [
        ("alnum", "0-9A-Za-z"),
        ("alpha", "A-Za-z"),
        ("ascii", @"\x00-\x7F"),
        ("blank", @"\t "),
        ("cntrl", @"\x00-\x1F\x7F"),
        ("digit", "0-9"),
        ("graph", "!-~"),
        ("lower", "a-z"),
        ("print", " -~"),
        ("punct", @"!-/:-@\[-`{-~"),
        ("space", @"\t\n\v\f\r "),
        ("upper", "A-Z"),
        ("word", "0-9A-Za-z_"),
        ("xdigit", "0-9A-Fa-f"),
    ];

    private readonly Regex _regex;

    private TopicPattern(Regex regex) => _regex = regex;

    /// <summary>Reads an expression.</summary>
    /// <param name="expression">The expression.</param>
    /// <param name="pattern">The pattern; null where it is not valid.</param>
    /// <param name="error">What is wrong with it, for people; null where nothing is.</param>
    public static bool TryParse(string expression, [NotNullWhen(true)] out TopicPattern? pattern, [NotNullWhen(false)] out string? error)
    {
        pattern = null;
        if (expression.Length > MaxLength)
        {
            error = $"it is longer than {MaxLength} characters";
            return false;
        }

        if (!TryTranslate(expression, out string? translated, out error))
        {
            return false;
        }

        try
        {
            pattern = new TopicPattern(new Regex($@"\A(?:{translated})\z", RegexOptions.NonBacktracking | RegexOptions.CultureInvariant));
            return true;
        }
        catch (RegexParseException e)
        {
            error = e.Message;
            return false;
        }
        catch (NotSupportedException)
        {
            error = "it uses what RE2 does not have (look-around, back-references, atomic groups or conditions), or it is too large";
            return false;
        }
    }

    /// <summary>True when the expression matches the whole name.</summary>
    public bool Matches(string topic) => _regex.IsMatch(topic);

    /// <summary>Writes RE2's spelling of what both know in that of .NET, and rejects what only .NET knows.</summary>
    private static bool TryTranslate(string expression, [NotNullWhen(true)] out string? translated, [NotNullWhen(false)] out string? error)
    {
        StringBuilder text = new(expression.Length + 16);
        translated = null;
        error = null;
        bool inClass = false;
        for (int i = 0; i < expression.Length; i++)
        {
            ReadOnlySpan<char> rest = expression.AsSpan(i);
            if (rest.StartsWith(@"\Q"))
            {
                int end = expression.IndexOf(@"\E", i, StringComparison.Ordinal);
                string literal = end < 0 ? expression[(i + 2)..] : expression[(i + 2)..end];
                text.Append(Regex.Escape(literal).Replace("]", @"\]"));
                i = end < 0 ? expression.Length : end + 1;
            }
            else if (
                rest.StartsWith(@"\pL") || (rest.Length >= 3 && rest[0] == '\\' && rest[1] is 'p' or 'P' && char.IsAsciiLetter(rest[2]))
            )
            {
                text.Append(rest[..2]).Append('{').Append(rest[2]).Append('}');
                i += 2;
            }
            else if (rest.StartsWith(@"\x{"))
            {
                int end = expression.IndexOf('}', i);
                if (
                    end < 0
                    || !int.TryParse(expression.AsSpan(i + 3, end - i - 3), System.Globalization.NumberStyles.HexNumber, null, out int code)
                    || code > 0xFFFF
                )
                {
                    error = $"the character code at position {i} is not a hexadecimal number up to FFFF";
                    return false;
                }

                text.Append($@"\u{code:X4}");
                i = end;
            }
            else if (rest.Length >= 2 && rest[0] == '\\')
            {
                text.Append(rest[..2]);
                i++;
            }
            else if (inClass && rest.StartsWith("[:") && TryAsciiClass(rest, out string? characters, out int length))
            {
                text.Append(characters);
                i += length - 1;
            }
            else if (!inClass && rest.StartsWith("(?P<"))
            {
                text.Append("(?<");
                i += 3;
            }
            else if (!inClass && (rest.StartsWith("(?#") || rest.StartsWith("(?(") || rest.StartsWith("(?'")))
            {
                error = $"the group at position {i} is unknown";
                return false;
            }
            else if (inClass && rest.StartsWith("-["))
            {
                // To .NET this would subtract a class.
                text.Append(@"\-\[");
                i++;
            }
            else
            {
                inClass = rest[0] switch
                {
                    '[' when !inClass => true,
                    ']' when inClass && !IsFirstInClass(expression, i) => false,
                    _ => inClass,
                };
                text.Append(rest[0] == ']' && inClass && IsFirstInClass(expression, i) ? @"\]" : rest[0].ToString());
            }
        }

        translated = text.ToString();
        return true;
    }

    private static bool IsFirstInClass(string expression, int at) =>
        (at > 0 && expression[at - 1] == '[') || (at > 1 && expression[at - 1] == '^' && expression[at - 2] == '[');

    private static bool TryAsciiClass(ReadOnlySpan<char> rest, [NotNullWhen(true)] out string? characters, out int length)
    {
        foreach ((string name, string inside) in AsciiClasses)
        {
            if (rest[2..].StartsWith(name) && rest[(2 + name.Length)..].StartsWith(":]"))
            {
                characters = inside;
                length = name.Length + 4;
                return true;
            }
        }

        characters = null;
        length = 0;
        return false;
    }
}
