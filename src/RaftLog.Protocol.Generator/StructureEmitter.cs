using System;
using System.Collections.Generic;
using System.Linq;

namespace RaftLog.Protocol.Generator;

/// <summary>Writes the members of one class: properties, reading, writing, and comparison with the defaults.</summary>
internal sealed class StructureEmitter
{
    private const string Presence = "Presence";

    /// <summary>Inside a tag, Kafka says with an unsigned varint whether a structure is null; elsewhere with a signed byte.</summary>
    private const string TaggedPresence = "TaggedPresence";

    private readonly MessageHead _head;
    private readonly CodeText _code;
    private readonly VersionConditions _conditions;
    private readonly MinimalSizes _sizes;
    private string _flexible;
    private string _presence = Presence;

    public StructureEmitter(MessageHead head, CodeText code)
    {
        _head = head;
        _code = code;
        _conditions = new VersionConditions(head);
        _sizes = new MinimalSizes(head);
        _flexible = _conditions.Flexible;
    }

    public void Properties(StructureSchema structure)
    {
        foreach (FieldSchema field in structure.Fields)
        {
            string type = PropertyType(field);
            _code.Summary(field.Doc.Length > 0 ? field.Doc : Sentence(field.Name));
            if (IsLazy(field))
            {
                string initial = field.IsArray ? "[]" : "new()";
                _code.Line($"public {type} {field.Name} {{ get => {Backing(field)} ??= {initial}; set => {Backing(field)} = value; }}");
                _code.Line();
                _code.Line($"private {type}? {Backing(field)};");
            }
            else
            {
                _code.Line($"public {type} {field.Name} {{ get; set; }}{Initializer(field)}");
            }

            _code.Line();
        }
    }

    public void Read(StructureSchema structure)
    {
        DeclareFlexible();
        if (_head.IsReused)
        {
            ForgetOptional(structure);
        }

        foreach (FieldSchema field in structure.Fields)
        {
            foreach (VersionRange range in UntaggedRanges(field))
            {
                if (_conditions.In(range) is { } condition)
                {
                    _code.When(condition, () => ReadField(structure, field));
                }
            }
        }

        if (!_conditions.IsNeverFlexible)
        {
            InFlexible(() => ReadTags(structure));
        }
    }

    public void Write(StructureSchema structure)
    {
        DeclareFlexible();
        foreach (FieldSchema field in structure.Fields)
        {
            foreach (VersionRange range in UntaggedRanges(field))
            {
                if (_conditions.In(range) is { } condition)
                {
                    _code.When(condition, () => WriteField(structure, field));
                }
            }
        }

        if (!_conditions.IsNeverFlexible)
        {
            InFlexible(() => WriteTags(structure));
        }
    }

    public void IsDefault(StructureSchema structure)
    {
        _code.Summary("True when every field has its default, so that a tagged field need not be written.");
        IEnumerable<string> differs = structure.Fields.Select(Differs);
        _code.Line($"internal bool IsDefault => !({string.Join(" || ", differs)});");
    }

    private static string PropertyType(FieldSchema field)
    {
        string element = field.Scalar?.Type ?? field.TypeName;
        string type = field.IsArray ? $"global::System.Collections.Generic.List<{element}>" : element;
        return field.IsNullable ? type + "?" : type;
    }

    /// <summary>Arrays and structures are made on first use, so that reading a message does not make what it then replaces.</summary>
    private static bool IsLazy(FieldSchema field) => !field.IsNullable && (field.IsArray || field.Structure is not null);

    private static string Backing(FieldSchema field) => "_" + char.ToLowerInvariant(field.Name[0]) + field.Name.Substring(1);

    private static string Stored(FieldSchema field) => IsLazy(field) ? Backing(field) : field.Name;

    private static string Initializer(FieldSchema field)
    {
        if (field.DefaultsToNull)
        {
            return "";
        }

        if (field.IsArray)
        {
            return " = [];";
        }

        if (field.Scalar is not { } scalar)
        {
            return " = new();";
        }

        string literal = scalar.Literal(field.Default)!;
        return scalar.Form switch
        {
            ScalarForm.Text => $" = {literal};",
            ScalarForm.Bytes => field.IsNullable ? $" = {scalar.Type}.Empty;" : "",
            ScalarForm.Word => literal == "0" ? "" : $" = new({literal});",
            ScalarForm.Error => literal == "0" ? "" : $" = ({scalar.Type})({literal});",
            ScalarForm.Flag => literal == "false" ? "" : " = true;",
            ScalarForm.Id => "",
            _ => literal is "0" or "0d" ? "" : $" = {literal};",
        };
    }

    /// <summary>The condition that a field does not have its default.</summary>
    private static string Differs(FieldSchema field)
    {
        if (field.DefaultsToNull)
        {
            return $"{field.Name} is not null";
        }

        string stored = Stored(field);
        if (field.IsArray)
        {
            return field.IsNullable ? $"{stored} is not {{ Count: 0 }}" : $"{stored} is {{ Count: > 0 }}";
        }

        if (field.Scalar is not { } scalar)
        {
            return field.IsNullable ? $"{stored} is not {{ IsDefault: true }}" : $"{stored} is {{ IsDefault: false }}";
        }

        string literal = scalar.Literal(field.Default)!;
        return scalar.Form switch
        {
            ScalarForm.Word => $"{stored}.Value != {literal}",
            ScalarForm.Error => $"(short){stored} != {literal}",
            ScalarForm.Bytes => field.IsNullable ? $"{stored} is not {{ Length: 0 }}" : $"{stored}.Length > 0",
            ScalarForm.Flag => literal == "false" ? stored : "!" + stored,
            _ => $"{stored} != {literal}",
        };
    }

    private static string Sentence(string name)
    {
        string words = string.Concat(name.Select((c, i) => i > 0 && char.IsUpper(c) ? " " + char.ToLowerInvariant(c) : c.ToString()));
        return words + ".";
    }

    /// <summary>The versions in which a field stands in its place, before and after those in which it is tagged.</summary>
    private static IEnumerable<VersionRange> UntaggedRanges(FieldSchema field)
    {
        if (field.Tagged.IsEmpty)
        {
            return new[] { field.Versions };
        }

        VersionRange before = new(field.Versions.Lowest, field.Tagged.Lowest - 1);
        VersionRange after = new(field.Tagged.Highest + 1, field.Versions.Highest);
        return new[] { before, after }.Where(r => !r.IsEmpty);
    }

    private string Path(StructureSchema structure, FieldSchema field) =>
        structure.Name == _head.ClassName ? $"{_head.ClassName}.{field.Name}" : $"{_head.ClassName}.{structure.Name}.{field.Name}";

    private void DeclareFlexible()
    {
        if (_flexible == "flexible")
        {
            _code.Line($"bool flexible = version >= {_head.FirstFlexible};");
        }
    }

    /// <summary>Writes code that runs in flexible versions only, and so knows that lengths are compact.</summary>
    private void InFlexible(Action inner)
    {
        string outside = _flexible;
        _flexible = "true";
        _code.When(outside == "true" ? "" : outside, inner);
        _flexible = outside;
    }

    private void InTag(Action inner)
    {
        _presence = TaggedPresence;
        inner();
        _presence = Presence;
    }

    /// <summary>Gives their defaults back to the fields that the bytes may not carry.</summary>
    private void ForgetOptional(StructureSchema structure)
    {
        foreach (FieldSchema field in structure.Fields)
        {
            string initial = Initializer(field).TrimStart(' ', '=').TrimEnd(';');
            string forget = $"{Stored(field)} = {(IsLazy(field) || initial.Length == 0 ? "default" : initial)};";
            if (!field.Tagged.IsEmpty)
            {
                _code.Line(forget);
            }
            else if (_conditions.In(field.Versions) is { Length: > 0 } condition)
            {
                _code.When($"!({condition})", () => _code.Line(forget));
            }
        }
    }

    private void ReadField(StructureSchema structure, FieldSchema field)
    {
        string path = Path(structure, field);
        if (field.IsArray)
        {
            ReadArray(field, path);
        }
        else if (field.Scalar is { } scalar)
        {
            string? known = _head.IsReused ? field.Name : null;
            string read = Choose(field, scalar.Read(_flexible, path, known), scalar.ReadNullable(_flexible, path, known));
            _code.Line($"{field.Name} = {read};");
        }
        else if (!field.IsNullable)
        {
            _code.Line($"{Backing(field)} = new {field.TypeName}();");
            _code.Line($"{Backing(field)}.Read(ref reader, version);");
        }
        else
        {
            string present = Choose(field, "true", $"reader.Read{_presence}(\"{path}\")");
            _code.Open($"if ({present})");
            _code.Line($"{field.Name} = new {field.TypeName}();");
            _code.Line($"{field.Name}.Read(ref reader, version);");
            _code.Close();
            _code.Open("else");
            _code.Line($"{field.Name} = null;");
            _code.Close();
        }
    }

    /// <summary>One of two expressions, by whether the version at hand knows null.</summary>
    private string Choose(FieldSchema field, string notNull, string nullable) =>
        _conditions.In(field.Nullable) switch
        {
            null => notNull,
            "" => nullable,
            { } condition when field.Nullable.Covers(field.Versions) => nullable,
            { } condition => $"{condition} ? {nullable} : {notNull}",
        };

    private void ReadArray(FieldSchema field, string path)
    {
        string element = field.Scalar?.Type ?? field.TypeName;
        string arguments = $"({_flexible}, {_sizes.OfElement(field, _flexible)}, \"{path}\")";
        _code.OpenBlock();
        _code.Line($"int count = {Choose(field, "reader.ReadArrayLength" + arguments, "reader.ReadNullableArrayLength" + arguments)};");
        if (field.IsNullable)
        {
            _code.Line($"{field.Name} = null;");
            _code.Open("if (count >= 0)");
        }

        bool keepsElements = _head.IsReused && field.Structure is not null;
        string made = $"new global::System.Collections.Generic.List<{element}>(count)";
        _code.Line($"var items = {(keepsElements ? $"{Stored(field)} ?? {made}" : made)};");
        _code.Open("for (int i = 0; i < count; i++)");
        if (field.Scalar is { } scalar)
        {
            _code.Line($"items.Add({scalar.Read(_flexible, path)});");
        }
        else if (keepsElements)
        {
            _code.Open("if (i == items.Count)");
            _code.Line($"items.Add(new {element}());");
            _code.Close();
            _code.Line("items[i].Read(ref reader, version);");
        }
        else
        {
            _code.Line($"var item = new {element}();");
            _code.Line("item.Read(ref reader, version);");
            _code.Line("items.Add(item);");
        }

        _code.Close();
        if (keepsElements)
        {
            _code.Line("items.RemoveRange(count, items.Count - count);");
        }

        _code.Line($"{Stored(field)} = items;");
        if (field.IsNullable)
        {
            _code.Close();
        }

        _code.Close();
    }

    private void ReadTags(StructureSchema structure)
    {
        List<FieldSchema> tagged = Tagged(structure);
        if (tagged.Count == 0)
        {
            _code.Line("reader.SkipTags();");
            return;
        }

        _code.Open("for (int tags = reader.ReadTagCount(); tags > 0; tags--)");
        _code.Open("switch (reader.ReadTag(out int size))");
        foreach (FieldSchema field in tagged)
        {
            string condition = _conditions.InFlexible(field.Tagged);
            _code.Open(condition.Length == 0 ? $"case {field.Tag}:" : $"case {field.Tag} when {condition}:");
            _code.Line("int outer = reader.BeginTag(size);");
            InTag(() => ReadField(structure, field));
            _code.Line($"reader.EndTag(outer, \"{Path(structure, field)}\");");
            _code.Line("break;");
            _code.Close();
        }

        _code.Line("default:");
        _code.Line("    reader.Skip(size);");
        _code.Line("    break;");
        _code.Close();
        _code.Close();
    }

    private void WriteField(StructureSchema structure, FieldSchema field)
    {
        string path = Path(structure, field);
        if (!field.IsNullable)
        {
            WriteValue(field);
            return;
        }

        string? nullable = _conditions.In(field.Nullable);
        bool always = nullable == "" || field.Nullable.Covers(field.Versions);
        if (field is { IsArray: false, Scalar: { } scalar } && always)
        {
            _code.Line(scalar.WriteNullable(_flexible, field.Name) + ";");
            return;
        }

        _code.Open($"if ({field.Name} is null)");
        if (!always)
        {
            _code.Open($"if (!({nullable}))");
            _code.Line($"throw global::RaftLog.Protocol.Wire.ProtocolException.NullField(\"{path}\", version);");
            _code.Close();
        }

        _code.Line(
            field switch
            {
                { IsArray: true } => $"writer.WriteNullArray({_flexible});",
                { Scalar: { } nullScalar } => nullScalar.WriteNullable(_flexible, "null") + ";",
                _ => $"writer.Write{_presence}(false);",
            }
        );
        _code.Close();
        _code.Open("else");
        if (field is { IsArray: false, Structure: not null })
        {
            _code.When(always ? "" : nullable!, () => _code.Line($"writer.Write{_presence}(true);"));
        }

        WriteValue(field);
        _code.Close();
    }

    /// <summary>Writes a value that is not null here.</summary>
    private void WriteValue(FieldSchema field)
    {
        if (field.IsArray)
        {
            string element = field.Scalar?.Type ?? field.TypeName;
            _code.OpenBlock();
            _code.Line(
                $"global::System.ReadOnlySpan<{element}> items = "
                    + $"global::System.Runtime.InteropServices.CollectionsMarshal.AsSpan({Stored(field)});"
            );
            _code.Line($"writer.WriteArrayLength({_flexible}, items.Length);");
            _code.Open($"foreach ({element} item in items)");
            _code.Line(field.Scalar is { } each ? each.Write(_flexible, "item") + ";" : "item.Write(writer, version);");
            _code.Close();
            _code.Close();
        }
        else if (field.Scalar is { } scalar)
        {
            string value = field.IsNullable && scalar.Form == ScalarForm.Bytes ? field.Name + ".Value" : field.Name;
            _code.Line(scalar.Write(_flexible, value) + ";");
        }
        else
        {
            _code.Line($"{field.Name}.Write(writer, version);");
        }
    }

    private void WriteTags(StructureSchema structure)
    {
        List<FieldSchema> tagged = Tagged(structure);
        if (tagged.Count == 0)
        {
            _code.Line("writer.WriteNoTags();");
            return;
        }

        _code.Line("uint tags = 0;");
        foreach (FieldSchema field in tagged)
        {
            string condition = _conditions.InFlexible(field.Tagged);
            string differs = Differs(field);
            _code.Line($"bool writes{field.Name} = {(condition.Length == 0 ? differs : $"{condition} && {differs}")};");
            _code.Line($"tags += writes{field.Name} ? 1u : 0u;");
        }

        _code.Line("writer.WriteUVarint(tags);");
        foreach (FieldSchema field in tagged)
        {
            _code.Open($"if (writes{field.Name})");
            _code.Line($"writer.WriteUVarint({field.Tag});");
            _code.Line("global::RaftLog.Protocol.Wire.SizeMark mark = writer.BeginSized();");
            InTag(() => WriteField(structure, field));
            _code.Line("writer.EndSized(mark);");
            _code.Close();
        }
    }

    private static List<FieldSchema> Tagged(StructureSchema structure) =>
        structure.Fields.Where(f => !f.Tagged.IsEmpty).OrderBy(f => f.Tag).ToList();
}
