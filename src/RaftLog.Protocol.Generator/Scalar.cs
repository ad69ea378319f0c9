using System;
using System.Collections.Generic;
using System.Globalization;

namespace RaftLog.Protocol.Generator;

/// <summary>A type of the schema language that is not a structure: how it looks in C# and on the wire.</summary>
internal sealed class Scalar
{
    private const string Words = "global::RaftLog.Protocol.";

    private static readonly Dictionary<string, Scalar> ByName = new(StringComparer.Ordinal)
    {
        ["bool"] = new("bool", "Bool", 1, ScalarForm.Flag),
        ["int8"] = new("sbyte", "Int8", 1, ScalarForm.Number),
        ["int16"] = new("short", "Int16", 2, ScalarForm.Number),
        ["uint16"] = new("ushort", "UInt16", 2, ScalarForm.Number),
        ["int32"] = new("int", "Int32", 4, ScalarForm.Number),
        ["uint32"] = new("uint", "UInt32", 4, ScalarForm.Number),
        ["int64"] = new("long", "Int64", 8, ScalarForm.Number),
        ["float64"] = new("double", "Float64", 8, ScalarForm.Number),
        ["uuid"] = new(Words + "Uuid", "Uuid", 16, ScalarForm.Id),
        ["offset"] = new(Words + "Offset", "Int64", 8, ScalarForm.Word),
        ["leaderEpoch"] = new(Words + "LeaderEpoch", "Int32", 4, ScalarForm.Word),
        ["nodeId"] = new(Words + "NodeId", "Int32", 4, ScalarForm.Word),
        ["producerId"] = new(Words + "ProducerId", "Int64", 8, ScalarForm.Word),
        ["producerEpoch"] = new(Words + "ProducerEpoch", "Int16", 2, ScalarForm.Word),
        ["brokerEpoch"] = new(Words + "BrokerEpoch", "Int64", 8, ScalarForm.Word),
        ["partitionEpoch"] = new(Words + "PartitionEpoch", "Int32", 4, ScalarForm.Word),
        ["error"] = new(Words + "ErrorCode", "Int16", 2, ScalarForm.Error),
        ["string"] = new("string", "String", 0, ScalarForm.Text),
        ["bytes"] = new("global::System.Memory<byte>", "Bytes", 0, ScalarForm.Bytes),
        ["records"] = new("global::System.Memory<byte>", "Records", 0, ScalarForm.Bytes),
    };

    private Scalar(string type, string wire, int size, ScalarForm form)
    {
        Type = type;
        Wire = wire;
        Size = size;
        Form = form;
    }

    /// <summary>The C# type.</summary>
    public string Type { get; }

    /// <summary>The ending of the reader's and writer's method.</summary>
    public string Wire { get; }

    public ScalarForm Form { get; }

    /// <summary>Bytes on the wire, or 0 when there is a length before them.</summary>
    private int Size { get; }

    /// <summary>True when the type can be null: it has a length, which can say so.</summary>
    public bool HasLength => Size == 0;

    public static Scalar? Find(string name) => ByName.TryGetValue(name, out Scalar scalar) ? scalar : null;

    /// <summary>The fewest bytes of one value.</summary>
    public int MinSize(bool flexible) =>
        Size > 0 ? Size
        : flexible ? 1
        : Form == ScalarForm.Text ? 2
        : 4;

    /// <summary>The expression that reads a value that is not null.</summary>
    /// <param name="flexible">Whether lengths are compact.</param>
    /// <param name="path">The field's path, for errors.</param>
    /// <param name="known">Where a string may stand that is equal, so that no other is made; null for nowhere.</param>
    public string Read(string flexible, string path, string? known = null) =>
        Form switch
        {
            ScalarForm.Text when known is not null => $"reader.ReadString({flexible}, \"{path}\", {known})",
            ScalarForm.Word => $"new {Type}(reader.Read{Wire}())",
            ScalarForm.Error => $"({Type})reader.Read{Wire}()",
            ScalarForm.Text => $"reader.ReadString({flexible}, \"{path}\")",
            ScalarForm.Bytes => $"reader.ReadBytes({flexible}, \"{path}\")",
            _ => $"reader.Read{Wire}()",
        };

    /// <summary>The expression that reads a value or null.</summary>
    public string ReadNullable(string flexible, string path, string? known = null) =>
        Form == ScalarForm.Text
            ? known is null
                ? $"reader.ReadNullableString({flexible}, \"{path}\")"
                : $"reader.ReadNullableString({flexible}, \"{path}\", {known})"
            : $"reader.ReadNullableBytes({flexible}, \"{path}\")";

    /// <summary>The expression that writes a value that is not null.</summary>
    public string Write(string flexible, string value) =>
        Form switch
        {
            ScalarForm.Word => $"writer.Write{Wire}({value}.Value)",
            ScalarForm.Error => $"writer.WriteError({value})",
            ScalarForm.Text or ScalarForm.Bytes => $"writer.Write{Wire}({flexible}, {value})",
            _ => $"writer.Write{Wire}({value})",
        };

    /// <summary>The expression that writes a value or null.</summary>
    public string WriteNullable(string flexible, string value) => $"writer.WriteNullable{Wire}({flexible}, {value})";

    /// <summary>The C# literal of a default, or null when the text is no value of this type.</summary>
    /// <param name="text">What stands behind <c>default</c>; null when nothing does.</param>
    public string? Literal(string? text)
    {
        switch (Form)
        {
            case ScalarForm.Flag:
                return text is null ? "false"
                    : text is "true" or "false" ? text
                    : null;
            case ScalarForm.Text:
                return text is null ? "\"\"" : "\"" + text.Trim('"').Replace("\\", "\\\\").Replace("\"", "\\\"") + "\"";
            case ScalarForm.Bytes:
                return text is null ? "default" : null;
            case ScalarForm.Id:
                return text is null ? "default" : null;
            case ScalarForm.Number when Wire == "Float64":
                return double.TryParse(text ?? "0", NumberStyles.Float, CultureInfo.InvariantCulture, out double real)
                    ? real.ToString("R", CultureInfo.InvariantCulture) + "d"
                    : null;
            default:
                return IsNumber(text ?? "0", out string number) ? number : null;
        }
    }

    private bool IsNumber(string text, out string literal)
    {
        literal = text;
        bool parsed = text.StartsWith("0x", StringComparison.OrdinalIgnoreCase)
            ? long.TryParse(text.Substring(2), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out long value)
            : long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out value);
        (long lowest, long highest) = Wire switch
        {
            "Int8" => (sbyte.MinValue, sbyte.MaxValue),
            "Int16" => (short.MinValue, short.MaxValue),
            "UInt16" => (ushort.MinValue, ushort.MaxValue),
            "Int32" => (int.MinValue, int.MaxValue),
            "UInt32" => (uint.MinValue, uint.MaxValue),
            _ => (long.MinValue, long.MaxValue),
        };
        literal = value.ToString(CultureInfo.InvariantCulture);
        return parsed && value >= lowest && value <= highest;
    }
}

/// <summary>What kind of C# code a scalar needs.</summary>
internal enum ScalarForm
{
    Flag,
    Number,
    Id,
    Word,
    Error,
    Text,
    Bytes,
}
